//! A finished prediction or training with its files: everything that checks need, so that checking is pure.

use std::collections::HashSet;
use std::fmt;

use bytes::Bytes;
use cog_schema::Method;
use output_compare::MediaFile;
use serde_json::Value;

use crate::clients::replicate::Download;
use crate::verify::file_urls::UrlOrigin;

/// How a prediction or training ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PredictionOutcome {
    /// With an output.
    Succeeded,
    /// With an error of the model. Untrusted text.
    Failed(String),
    /// Not created: Replicate rejected the inputs, with this message.
    Refused(String),
}

/// A finished prediction or training.
#[derive(Debug, Clone)]
pub(super) struct Observation {
    /// The method of the model that was called.
    pub(super) method: Method,
    pub(super) outcome: PredictionOutcome,
    /// The output, with the pieces of a concatenating iterator joined.
    pub(super) output: Option<Value>,
    /// The files of the output, in the order in which it names them. Empty unless a check needs them.
    pub(super) files: Vec<FetchedFile>,
    /// The expected file, if the case names one.
    pub(super) wanted: Option<FetchedFile>,
    /// What the service says about the run.
    pub(super) run: RunFacts,
}

/// What the service says about a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct RunFacts {
    pub(super) predict_seconds: Option<f64>,
    /// The public price of the hardware.
    pub(super) usd_per_second: Option<f64>,
    /// From the start to the first piece of the output.
    pub(super) first_output_seconds: Option<f64>,
}

impl RunFacts {
    /// The price of the run in US dollars.
    pub(super) fn cost(&self) -> Option<f64> {
        Some(self.predict_seconds? * self.usd_per_second?)
    }
}

/// A file that was fetched, or the reason why not.
#[derive(Clone)]
pub(super) struct FetchedFile {
    /// Path in the output: `.images[0]`, or empty for the output itself.
    pub(super) path: String,
    /// The URL, which may be signed: not for reports.
    pub(super) url: String,
    /// The URL without signatures.
    pub(super) shown: String,
    /// The last part of the URL's path.
    pub(super) name: String,
    /// Why the URL counts as one of a file.
    pub(super) origin: UrlOrigin,
    /// The content and its type.
    pub(super) content: Result<Download, FetchProblem>,
}

/// Why a file could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FetchProblem {
    pub(super) message: String,
    /// Who is responsible.
    pub(super) fault: FetchFault,
}

/// Who is responsible for a file that was not fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FetchFault {
    /// The URL, or the file behind it.
    File,
    /// A service, so nothing is known about the file.
    Service,
    /// A limit of ours, so nothing is known about the file.
    Limit,
}

/// The whole content of a fetched file.
#[derive(Debug, Clone)]
pub(super) struct LoadedFile {
    pub(super) bytes: Bytes,
    pub(super) content_type: Option<String>,
    pub(super) name: String,
}

impl LoadedFile {
    /// The file for `output-compare`.
    pub(super) fn media(&self) -> MediaFile<'_> {
        MediaFile { bytes: &self.bytes, media_type: self.content_type.as_deref(), name: &self.name }
    }
}

/// Why the content of a file cannot be examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unexamined {
    /// It was not fetched. The message names the file.
    Missing { message: String, fault: FetchFault },
    /// It is longer than what is kept, so only its beginning, its size and its hash are known.
    TooLarge(Box<Download>),
}

impl fmt::Debug for FetchedFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.content.as_ref().map(|download| download.size_bytes);
        formatter.debug_struct("FetchedFile").field("shown", &self.shown).field("size", &size).finish_non_exhaustive()
    }
}

impl FetchedFile {
    /// The whole content. Reads a large file from the disk, so it may take a while.
    pub(super) fn load(&self) -> Result<LoadedFile, Unexamined> {
        let download = self.content.as_ref().map_err(|problem| Unexamined::Missing {
            message: format!("the file {} could not be fetched: {}", self.shown, problem.message),
            fault: problem.fault,
        })?;
        match download.read() {
            Ok(Some(bytes)) => Ok(LoadedFile { bytes, content_type: download.content_type.clone(), name: self.name.clone() }),
            Ok(None) => Err(Unexamined::TooLarge(Box::new(download.clone()))),
            Err(error) => Err(Unexamined::Missing {
                message: format!("the file {} could not be read from the disk: {error}", self.shown),
                fault: FetchFault::Limit,
            }),
        }
    }

    /// The beginning of the file for `output-compare`, enough to tell its kind and format.
    pub(super) fn beginning<'a>(&'a self, download: &'a Download) -> MediaFile<'a> {
        MediaFile { bytes: &download.beginning, media_type: download.content_type.as_deref(), name: &self.name }
    }

    /// Whether it is only text that looks like a URL: nothing could be fetched there.
    pub(super) fn is_text(&self) -> bool {
        self.origin == UrlOrigin::LooksLikeUrl && self.content.is_err()
    }
}

impl Observation {
    pub(super) fn without_files(method: Method, outcome: PredictionOutcome, output: Option<Value>) -> Self {
        Self { method, outcome, output, files: Vec::new(), wanted: None, run: RunFacts::default() }
    }

    /// `prediction` or `training`.
    pub(super) fn noun(&self) -> &'static str {
        match self.method {
            Method::Predict => "prediction",
            Method::Train => "training",
        }
    }

    /// Why a file could not be fetched through no fault of its own, if so. A check that needs it can say nothing then.
    pub(super) fn unknown_file(&self, faults: &[FetchFault]) -> Option<String> {
        self.files.iter().chain(&self.wanted).filter(|file| !file.is_text()).find_map(|file| match &file.content {
            Err(problem) if faults.contains(&problem.fault) => {
                Some(format!("the file {} could not be fetched: {}", file.shown, problem.message))
            }
            _ => None,
        })
    }

    /// The output without the URLs of these files, which differ in every run.
    pub(super) fn value_without<'a>(&self, files: impl IntoIterator<Item = &'a FetchedFile>) -> Value {
        let urls: HashSet<&str> = files.into_iter().map(|file| file.url.as_str()).collect();
        let mut value = self.output.clone().unwrap_or_default();
        strip(&mut value, &urls);
        value
    }
}

fn strip(value: &mut Value, urls: &HashSet<&str>) {
    match value {
        Value::String(text) if urls.contains(text.as_str()) => *value = Value::Null,
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, urls)),
        Value::Object(members) => members.values_mut().for_each(|member| strip(member, urls)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn urls_do_not_count_when_values_are_compared() {
        let file = |url: &str| FetchedFile {
            path: String::new(),
            url: url.to_owned(),
            shown: String::new(),
            name: String::new(),
            origin: UrlOrigin::Declared,
            content: Err(FetchProblem { message: "gone".to_owned(), fault: FetchFault::File }),
        };
        let seen = Observation {
            method: Method::Predict,
            outcome: PredictionOutcome::Succeeded,
            output: Some(json!({"image": "https://x/1", "text": "hi"})),
            files: vec![file("https://x/1")],
            wanted: None,
            run: RunFacts::default(),
        };
        assert_eq!(seen.value_without(&seen.files), json!({"image": null, "text": "hi"}));
        assert!(!format!("{seen:?}").contains("signature"));
    }
}
