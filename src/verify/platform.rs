//! Which failed predictions are the platform's fault, and how often each is retried.
//!
//! The table follows `docs/reference/replicate-api.md#platform-error-codes`. A prediction's error is untrusted text, so only the platform's
//! own form counts: a code in parentheses at the end. A model that prints such a code gets some free retries, and is reported as errored,
//! not as passed.

use std::sync::LazyLock;

use cog_findings::text::shorten;
use regex::Regex;

use crate::domain::prediction::{Prediction, PredictionStatus};
use crate::verify::mask::Mask;

/// A failure of Replicate's platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlatformFault {
    /// An error code, or `canceled` or `aborted`.
    pub(super) code: String,
    pub(super) meaning: &'static str,
    /// How often the prediction is retried.
    pub(super) retries: usize,
}

/// Code, meaning, retries.
const CODES: &[(&str, &str, usize)] = &[
    ("PA", "the prediction was interrupted", 3),
    ("E1000", "unknown error", 2),
    ("E6716", "timeout starting the prediction", 3),
    ("E8367", "the prediction stopped early", 3),
    ("E8765", "the model's health check failed", 1),
    ("E9243", "error starting the prediction", 1),
    ("E9825", "failed to upload a file", 1),
    ("E9828", "error handling the prediction", 3),
];

/// Codes that are not the platform's fault: out of memory, and an empty webhook URL.
const NOT_PLATFORM: &[&str] = &["E1001", "E4875"];

static CODE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\((?:code: )?(PA|E\d{4})\)\s*$").ok());

fn code_of(error: &str) -> Option<&str> {
    Some(CODE.as_ref()?.captures(error)?.get(1)?.as_str())
}

/// The platform's fault in a finished prediction, if there is one.
pub(super) fn fault(prediction: &Prediction) -> Option<PlatformFault> {
    let ended = |word: &str, meaning| Some(PlatformFault { code: word.to_owned(), meaning, retries: 1 });
    match prediction.status {
        // Not canceled by this run, because those are returned as errors of the client.
        PredictionStatus::Canceled => ended("canceled", "someone else canceled the prediction"),
        PredictionStatus::Aborted => ended("aborted", "the prediction was aborted before it started"),
        PredictionStatus::Failed => fault_of(prediction.error.as_deref()?),
        _ => None,
    }
}

fn fault_of(error: &str) -> Option<PlatformFault> {
    let code = code_of(error)?;
    if NOT_PLATFORM.contains(&code) {
        return None;
    }
    let fault = |meaning, retries| PlatformFault { code: code.to_owned(), meaning, retries };
    match CODES.iter().find(|(known, _, _)| *known == code) {
        Some((_, meaning, retries)) => Some(fault(meaning, *retries)),
        None => error.contains("Director: unexpected error").then(|| fault("an undocumented error", 1)),
    }
}

/// Why the version does not boot, if a finished prediction shows that.
pub(super) fn boot_failure(prediction: &Prediction, mask: &Mask) -> Option<String> {
    if prediction.status != PredictionStatus::Failed || prediction.started_at.is_some() {
        return None;
    }
    let error = prediction.error.as_deref()?;
    let lower = error.to_ascii_lowercase();
    let says = lower.contains("failed to boot") || (lower.contains("setup") && lower.contains("fail"));
    says.then(|| shorten(&mask.text(error), 500))
}

/// Advice on a known error.
pub(super) fn advice(error: &str) -> Option<&'static str> {
    if code_of(error) == Some("E1001") {
        return Some("the model ran out of memory: use larger hardware or a smaller model");
    }
    error.contains("NSFW content detected").then_some("the model's content filter rejected its output: try another seed or prompt")
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::domain::prediction::PredictionId;

    fn ended(status: PredictionStatus, error: Option<&str>) -> Prediction {
        Prediction {
            id: PredictionId::new("p"),
            status,
            version: None,
            inputs: Map::new(),
            output: None,
            error: error.map(str::to_owned),
            logs: String::new(),
            predict_time: None,
            metrics: Map::new(),
            created_at: None,
            started_at: None,
            completed_at: None,
            web_url: None,
        }
    }

    #[test]
    fn the_codes_of_the_reference_are_retried_as_it_says() {
        let cases: [(&str, Option<(&str, usize)>); 16] = [
            ("Prediction interrupted; please retry (code: PA)", Some(("PA", 3))),
            ("Director: unexpected error handling prediction (E9828)", Some(("E9828", 3))),
            ("Director: unexpected error handling prediction (E8765)", Some(("E8765", 1))),
            ("Director: unexpected error handling prediction (E1001)", None),
            ("unknown error (E1000)", Some(("E1000", 2))),
            ("webhook (E4875)", None),
            ("timeout (E6716)", Some(("E6716", 3))),
            ("stopped (E8367)", Some(("E8367", 3))),
            ("starting (E9243)", Some(("E9243", 1))),
            ("upload (E9825)", Some(("E9825", 1))),
            ("Director: unexpected error handling prediction (E1234)", Some(("E1234", 1))),
            ("something else (E1234)", None),
            ("RuntimeError: n=7 is more than this model can take", None),
            ("NSFW content detected. Try running it again, or try a different prompt.", None),
            ("E6716 was mentioned by the model", None),
            ("model container failed to boot and complete setup within 600 seconds", None),
        ];
        for (error, wanted) in cases {
            let found = fault(&ended(PredictionStatus::Failed, Some(error)));
            assert_eq!(found.as_ref().map(|fault| (fault.code.as_str(), fault.retries)), wanted, "{error}");
        }
    }

    #[test]
    fn a_foreign_cancellation_is_not_a_success() {
        for status in [PredictionStatus::Canceled, PredictionStatus::Aborted] {
            assert_eq!(fault(&ended(status, None)).map(|fault| fault.retries), Some(1));
        }
        assert_eq!(fault(&ended(PredictionStatus::Succeeded, None)), None);
        assert_eq!(fault(&ended(PredictionStatus::Failed, None)), None);
    }

    #[test]
    fn boot_failures_are_recognized() {
        let boot = "model container failed to boot and complete setup within 600 seconds";
        assert_eq!(boot_failure(&ended(PredictionStatus::Failed, Some(boot)), &Mask::default()).as_deref(), Some(boot));
        assert!(boot_failure(&ended(PredictionStatus::Failed, Some("Model setup failed")), &Mask::default()).is_some());
        assert_eq!(boot_failure(&ended(PredictionStatus::Failed, Some("ValueError")), &Mask::default()), None);
        let mut started = ended(PredictionStatus::Failed, Some("setup failed in predict"));
        started.started_at = chrono::DateTime::from_timestamp(0, 0);
        assert_eq!(boot_failure(&started, &Mask::default()), None);
    }

    #[test]
    fn known_errors_come_with_advice() {
        assert!(advice("x (E1001)").unwrap().contains("memory"));
        assert!(advice("NSFW content detected. Try again").is_some());
        assert_eq!(advice("ValueError"), None);
    }
}
