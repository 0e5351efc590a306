//! Fetches what checks need: the files of an output, and the expected file of a case.

use cog_findings::text::shorten;
use cog_schema::{Method, join_output};
use futures::StreamExt;
use serde_json::Value;
use url::Url;

use crate::clients::ErrorKind;
use crate::clients::replicate::{Download, DownloadLimits, ReplicateError, ReplicateFailure};
use crate::domain::cost::usd_per_second;
use crate::domain::prediction::{Prediction, PredictionStatus};
use crate::support::causes::with_causes;
use crate::support::safe_url::SafeUrl;
use crate::verify::check::{NeededFiles, Needs};
use crate::verify::engine::Engine;
use crate::verify::file_urls::{FileUrl, UrlOrigin, all_file_urls, file_urls, urls_in};
use crate::verify::mask::Mask;
use crate::verify::observation::{FetchFault, FetchProblem, FetchedFile, Observation, PredictionOutcome, RunFacts};

/// How much of all files of one output together is kept, on disk, to be decoded. Of longer files, only the hash is known.
const KEPT_BYTES: u64 = 1024 * 1024 * 1024;

/// Files of one output that are fetched.
const FILE_LIMIT: usize = 5000;

/// Files of one output that are fetched at the same time.
const AT_ONCE: usize = 4;

impl Engine<'_> {
    /// Everything that checks need of a finished prediction. `None` if the verification stops.
    pub(super) async fn observe(&self, prediction: &Prediction, method: Method, needs: &Needs, mask: &Mask) -> Option<Observation> {
        let output = prediction.output.clone().map(|output| self.joined(method, output));
        if prediction.status != PredictionStatus::Succeeded {
            let error = prediction.error.as_deref().unwrap_or("no error message");
            let outcome = PredictionOutcome::Failed(mask.text(error));
            return Some(Observation::without_files(method, outcome, output));
        }
        let addresses = output.as_ref().map(|output| self.addresses(output, method, needs)).unwrap_or_default();
        let wanted = needs.wanted_url.clone().map(|url| FileUrl { path: String::new(), url, origin: UrlOrigin::Declared });
        let fetching = async {
            let files = self.fetch_all(addresses).await;
            let wanted = match wanted {
                Some(address) => Some(self.fetch(address, self.request.limits.decoded_file_bytes).await),
                None => None,
            };
            self.reported_files.record(&prediction.id, &files, mask).await;
            Observation { method, outcome: PredictionOutcome::Succeeded, output, files, wanted, run: self.run_facts(prediction) }
        };
        tokio::select! {
            biased;
            () = self.after_grace() => None,
            observation = fetching => Some(observation),
        }
    }

    /// The URLs of the files that are needed.
    fn addresses(&self, output: &Value, method: Method, needs: &Needs) -> Vec<FileUrl> {
        let shape = self.schemas.output.as_ref();
        let declared = match (needs.output_files, method) {
            (NeededFiles::None, _) => Vec::new(),
            (NeededFiles::AllUrls, _) => return urls_in(output, shape),
            (NeededFiles::Declared, Method::Predict) => file_urls(output, shape),
            // The output of a training has no schema.
            (NeededFiles::Declared, Method::Train) => all_file_urls(output),
        };
        if !declared.is_empty() {
            declared
        } else if needs.wanted_url.is_some() {
            all_file_urls(output)
        } else if needs.output_files == NeededFiles::Declared {
            // A predictor may return a URL as plain text.
            urls_in(output, shape)
        } else {
            Vec::new()
        }
    }

    fn run_facts(&self, prediction: &Prediction) -> RunFacts {
        let reported = prediction.metrics.get("time_to_first_token").and_then(Value::as_f64);
        RunFacts {
            predict_seconds: prediction.predict_time.map(|time| time.as_secs_f64()),
            usd_per_second: self.request.plan.hardware.tested.as_deref().and_then(usd_per_second),
            first_output_seconds: reported.or_else(|| self.first_outputs.of(&prediction.id).map(|time| time.as_secs_f64())),
        }
    }

    /// Joins the pieces of a concatenating iterator. A training's output stays as it is.
    pub(super) fn joined(&self, method: Method, output: Value) -> Value {
        match method {
            Method::Predict => join_output(self.request.schema, output),
            Method::Train => output,
        }
    }

    async fn fetch_all(&self, mut addresses: Vec<FileUrl>) -> Vec<FetchedFile> {
        let left_out = addresses.split_off(addresses.len().min(FILE_LIMIT));
        let each = (KEPT_BYTES / (addresses.len() as u64).max(1)).min(self.request.limits.decoded_file_bytes);
        let fetching = futures::stream::iter(addresses).map(|address| self.fetch(address, each)).buffered(AT_ONCE);
        let mut files: Vec<FetchedFile> = fetching.collect().await;
        files.extend(left_out.into_iter().map(|address| {
            let message = format!("only the first {FILE_LIMIT} files of an output are fetched");
            fetched(address, Err(FetchProblem { message, fault: FetchFault::Limit }))
        }));
        files
    }

    async fn fetch(&self, address: FileUrl, keep_bytes: u64) -> FetchedFile {
        let read_bytes = self.request.limits.output_file_bytes;
        let limits = DownloadLimits { keep_bytes, ..DownloadLimits::of_bytes(read_bytes) };
        let content = self.services.replicate.download(&address.url, &limits).await;
        let content = content.map_err(|error: ReplicateError| {
            let fault = match (error.failure(), error.kind()) {
                (ReplicateFailure::TooLarge { .. } | ReplicateFailure::NotKept { .. }, _) => FetchFault::Limit,
                (_, ErrorKind::Request) => FetchFault::File,
                _ => FetchFault::Service,
            };
            FetchProblem { message: with_causes(error.failure()), fault }
        });
        fetched(address, content)
    }
}

fn fetched(address: FileUrl, content: Result<Download, FetchProblem>) -> FetchedFile {
    let (shown, name) = describe(&address.url);
    FetchedFile { path: address.path, url: address.url, shown, name, origin: address.origin, content }
}

/// A URL without signatures, and the last part of its path.
fn describe(url: &str) -> (String, String) {
    if url.starts_with("data:") {
        let head = url.split([',', ';']).next().unwrap_or_default();
        return (shorten(head, 80), "data".to_owned());
    }
    match url.parse::<Url>() {
        Ok(url) => {
            let name = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default().to_owned();
            (shorten(&SafeUrl(&url).to_string(), 300), shorten(&name, 100))
        }
        Err(_) => ("(not a URL)".to_owned(), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_signatures() {
        assert_eq!(
            describe("https://files.example/x/out.png?sig=secret"),
            ("https://files.example/x/out.png?sig=***".to_owned(), "out.png".to_owned())
        );
        assert_eq!(describe("data:image/png;base64,AAAA"), ("data:image/png".to_owned(), "data".to_owned()));
        assert_eq!(describe("https://").0, "(not a URL)");
    }
}
