//! The error of every call: what was attempted, what went wrong, and what the service said.

use std::time::Duration;

use chrono::{DateTime, Utc};
use cog_findings::text::shorten;
use http::{HeaderMap, StatusCode};

use crate::clients::ErrorKind;
use crate::clients::http::requested_wait;
use crate::clients::replicate::failure::{Failure, InvalidField};
use crate::clients::replicate::wire::Problem;

/// How much of an answer's body an error keeps.
const KEPT_BODY_BYTES: usize = 4096;

/// How much of the service's words goes into a message.
const DETAIL_BYTES: usize = 1000;

/// A call to Replicate that failed.
///
/// Its message says what was attempted, its source ([`ReplicateError::failure`]) what went wrong: print the chain.
#[derive(Debug, thiserror::Error)]
#[error("failed to {attempted}")]
pub struct ReplicateError {
    attempted: String,
    #[source]
    failure: Box<Failure>,
    body: Option<String>,
}

impl ReplicateError {
    /// An error of our own making, without an answer. `attempted` fits after "failed to".
    pub fn new(attempted: impl Into<String>, failure: Failure) -> Self {
        Self { attempted: attempted.into(), failure: Box::new(failure), body: None }
    }

    /// What was attempted; fits after "failed to".
    pub fn attempted(&self) -> &str {
        &self.attempted
    }

    /// What went wrong.
    pub fn failure(&self) -> &Failure {
        &self.failure
    }

    /// Whose failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.failure.kind()
    }

    /// The way out, where there is one to name.
    pub fn hint(&self) -> Option<&'static str> {
        self.failure.hint()
    }

    /// The beginning of the answer's body, when there was an answer. Untrusted text.
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// Whether it is a 404.
    pub fn is_not_found(&self) -> bool {
        matches!(*self.failure, Failure::NotFound { .. })
    }

    /// Keeps the beginning of the answer's body.
    #[must_use]
    pub(super) fn with_body(mut self, body: &str) -> Self {
        self.body = (!body.is_empty()).then(|| shorten(body, KEPT_BODY_BYTES));
        self
    }
}

/// The meaning of an answer that is no success.
pub(super) fn failure_of(status: StatusCode, headers: &HeaderMap, body: &[u8], token: &str, now: DateTime<Utc>) -> Failure {
    let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    let detail = detail_of(&problem, status, headers);
    if status.is_client_error() && status != StatusCode::UNPROCESSABLE_ENTITY && says(&detail, &["monthly spend limit"]) {
        return Failure::PaymentRequired { detail };
    }
    match status.as_u16() {
        400 => Failure::InvalidInput { fields: fields_of(problem), detail },
        401 => Failure::Unauthorized { detail, looks_like_cli_token: !token.starts_with("r8_") },
        402 => Failure::PaymentRequired { detail },
        403 => Failure::Forbidden { detail },
        404 => Failure::NotFound { detail },
        409 => Failure::Conflict { detail },
        422 => unprocessable(problem, detail),
        429 => Failure::RateLimited {
            retry_after: requested_wait(headers, body, now),
            low_credit: says(&detail, &["burst of 1 ", "credit"]),
            detail,
        },
        status @ (408 | 500..) => Failure::Server { status, retry_after: asked_by_header(headers, now), detail },
        status => Failure::Rejected { status, detail },
    }
}

/// Every answer carries `ratelimit-reset`; outside a 429 it asks for nothing.
pub(super) fn asked_by_header(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let mut headers = headers.clone();
    headers.remove("ratelimit-reset");
    requested_wait(&headers, b"", now)
}

fn says(text: &str, words: &[&str]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}

fn unprocessable(problem: Problem, detail: String) -> Failure {
    if !problem.invalid_fields.is_empty() {
        return Failure::InvalidInput { fields: fields_of(problem), detail };
    }
    let title = problem.title.as_deref().unwrap_or_default();
    if says(title, &["version disabled"]) || says(&detail, &["version has been disabled"]) {
        Failure::VersionDisabled { detail }
    } else if says(title, &["invalid version"]) || says(&detail, &["specified version does not exist"]) {
        Failure::VersionNotPermitted { detail }
    } else {
        Failure::InvalidInput { fields: fields_of(problem), detail }
    }
}

/// The service's words, most exact first. A body that is not a problem document (HTML of a proxy) is left to
/// [`ReplicateError::body`]. Never empty.
fn detail_of(problem: &Problem, status: StatusCode, headers: &HeaderMap) -> String {
    if status.is_redirection() {
        let location = headers.get("location").and_then(|value| value.to_str().ok()).unwrap_or("nowhere");
        return shorten(&format!("redirected to {location}"), DETAIL_BYTES);
    }
    let of_errors = || problem.errors.iter().find_map(|error| error.detail.as_deref());
    let words = [problem.detail.as_deref(), of_errors(), problem.title.as_deref()].into_iter().flatten();
    let words = words.map(str::trim).find(|words| !words.is_empty());
    shorten(words.or_else(|| status.canonical_reason()).unwrap_or("no reason given"), DETAIL_BYTES)
}

fn fields_of(problem: Problem) -> Vec<InvalidField> {
    let invalid = problem.invalid_fields.into_iter().map(|field| InvalidField {
        field: field.field.unwrap_or_default(),
        rule: field.kind,
        description: field.description.unwrap_or_default(),
    });
    let errors = problem.errors.into_iter().map(|error| InvalidField {
        field: error.pointer.unwrap_or_default().trim_start_matches('/').replace('/', "."),
        rule: None,
        description: error.detail.unwrap_or_default(),
    });
    invalid.chain(errors).collect()
}

#[cfg(test)]
mod tests;
