//! A finished prediction or training with its files: everything that checks need, so that checking is pure.

use std::fmt;

use cog_schema::Method;
use output_compare::MediaFile;
use serde_json::Value;

use crate::clients::ErrorKind;
use crate::clients::replicate::Download;

/// How a prediction or training ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
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
    pub(super) outcome: Outcome,
    /// The output, with the pieces of a concatenating iterator joined.
    pub(super) output: Option<Value>,
    /// The files of the output, in the order in which it names them. Empty unless a check needs them.
    pub(super) files: Vec<FetchedFile>,
    /// The expected file, if the case names one.
    pub(super) wanted: Option<FetchedFile>,
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
    /// The content and its type.
    pub(super) content: Result<Download, FetchProblem>,
}

/// Why a file could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FetchProblem {
    pub(super) message: String,
    pub(super) kind: ErrorKind,
}

impl fmt::Debug for FetchedFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.content.as_ref().map(|download| download.bytes.len());
        formatter.debug_struct("FetchedFile").field("shown", &self.shown).field("size", &size).finish_non_exhaustive()
    }
}

impl FetchedFile {
    /// The file for `output-compare`, or a message why it could not be fetched.
    pub(super) fn media(&self) -> Result<MediaFile<'_>, String> {
        match &self.content {
            Ok(download) => {
                Ok(MediaFile { bytes: &download.bytes, media_type: download.content_type.as_deref(), name: &self.name })
            }
            Err(problem) => Err(format!("the file {} could not be fetched: {}", self.shown, problem.message)),
        }
    }
}

impl Observation {
    pub(super) fn without_files(method: Method, outcome: Outcome, output: Option<Value>) -> Self {
        Self { method, outcome, output, files: Vec::new(), wanted: None }
    }

    /// `prediction` or `training`.
    pub(super) fn noun(&self) -> &'static str {
        match self.method {
            Method::Predict => "prediction",
            Method::Train => "training",
        }
    }

    /// The service's failure that kept a file from being fetched, if any. Nothing can be checked then.
    pub(super) fn service_problem(&self) -> Option<String> {
        self.files.iter().chain(&self.wanted).find_map(|file| match &file.content {
            Err(problem) if problem.kind != ErrorKind::Request => {
                Some(format!("the file {} could not be fetched: {}", file.shown, problem.message))
            }
            _ => None,
        })
    }

    /// The output without the URLs of its files, which differ in every run.
    pub(super) fn value_without_files(&self) -> Value {
        let mut value = self.output.clone().unwrap_or_default();
        strip(&mut value, &self.files);
        value
    }
}

fn strip(value: &mut Value, files: &[FetchedFile]) {
    match value {
        Value::String(text) if files.iter().any(|file| file.url == *text) => *value = Value::Null,
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, files)),
        Value::Object(members) => members.values_mut().for_each(|member| strip(member, files)),
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
            content: Err(FetchProblem { message: "gone".to_owned(), kind: ErrorKind::Request }),
        };
        let seen = Observation {
            method: Method::Predict,
            outcome: Outcome::Succeeded,
            output: Some(json!({"image": "https://x/1", "text": "hi"})),
            files: vec![file("https://x/1")],
            wanted: None,
        };
        assert_eq!(seen.value_without_files(), json!({"image": null, "text": "hi"}));
        assert!(!format!("{seen:?}").contains("signature"));
    }
}
