//! Fetches what checks need: the files of an output, and the expected file of a case.

use cog_findings::text::shorten;
use cog_schema::{Method, join_output};
use futures::StreamExt;
use serde_json::Value;
use url::Url;

use crate::clients::ErrorKind;
use crate::clients::replicate::{DownloadLimits, ReplicateError};
use crate::domain::prediction::{Prediction, PredictionStatus};
use crate::support::safe_url::SafeUrl;
use crate::verify::check::Needs;
use crate::verify::engine::Engine;
use crate::verify::error::with_causes;
use crate::verify::file_urls::{FileUrl, all_file_urls, file_urls};
use crate::verify::mask::Mask;
use crate::verify::observation::{FetchProblem, FetchedFile, Observation, Outcome};

/// Size limit of one file.
const FILE_BYTES: usize = 128 * 1024 * 1024;

/// Size limit of all files of one output together.
const CASE_BYTES: usize = 256 * 1024 * 1024;

/// Files of one output that are fetched at the same time.
const AT_ONCE: usize = 4;

impl Engine<'_> {
    /// Everything that checks need of a finished prediction. `None` if the verification stops.
    pub(super) async fn observe(&self, prediction: &Prediction, method: Method, needs: &Needs, mask: &Mask) -> Option<Observation> {
        let output = prediction.output.clone().map(|output| self.joined(method, output));
        if prediction.status != PredictionStatus::Succeeded {
            let error = prediction.error.as_deref().unwrap_or("no error message");
            let outcome = Outcome::Failed(mask.text(error));
            return Some(Observation::without_files(method, outcome, output));
        }
        let mut addresses = match &output {
            Some(output) if needs.output_files && method == Method::Predict => file_urls(output, self.schemas.output.as_ref()),
            // The output of a training has no schema.
            Some(output) if needs.output_files => all_file_urls(output),
            _ => Vec::new(),
        };
        if let Some(output) = &output
            && needs.wanted_url.is_some()
            && addresses.is_empty()
        {
            addresses = all_file_urls(output);
        }
        let wanted = needs.wanted_url.clone().map(|url| FileUrl { path: String::new(), url });
        let fetching = async {
            let files = self.fetch_all(addresses).await;
            let wanted = match wanted {
                Some(address) => Some(self.fetch(address, FILE_BYTES).await),
                None => None,
            };
            self.reported_files.record(&prediction.id, &files, mask).await;
            Observation { method, outcome: Outcome::Succeeded, output, files, wanted }
        };
        tokio::select! {
            biased;
            () = self.after_grace() => None,
            observation = fetching => Some(observation),
        }
    }

    /// Joins the pieces of a concatenating iterator. A training's output stays as it is.
    pub(super) fn joined(&self, method: Method, output: Value) -> Value {
        match method {
            Method::Predict => join_output(self.request.schema, output),
            Method::Train => output,
        }
    }

    async fn fetch_all(&self, addresses: Vec<FileUrl>) -> Vec<FetchedFile> {
        let each = (CASE_BYTES / addresses.len().max(1)).min(FILE_BYTES);
        futures::stream::iter(addresses).map(|address| self.fetch(address, each)).buffered(AT_ONCE).collect().await
    }

    async fn fetch(&self, address: FileUrl, limit_bytes: usize) -> FetchedFile {
        let (shown, name) = describe(&address.url);
        let content = self.services.replicate.download(&address.url, &DownloadLimits::of_bytes(limit_bytes)).await;
        let content = content.map_err(|error: ReplicateError| {
            let kind = match error.kind() {
                ErrorKind::Request => ErrorKind::Request,
                _ => ErrorKind::Service,
            };
            FetchProblem { message: with_causes(error.failure()), kind }
        });
        FetchedFile { path: address.path, url: address.url, shown, name, content }
    }
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
