//! The meaning of an error response.

use std::time::Duration;

use chrono::{DateTime, Utc};
use cog_findings::text::shorten;
use http::{HeaderMap, StatusCode};

use crate::clients::http::requested_wait;
use crate::clients::replicate::error::{InvalidField, ReplicateFailure};
use crate::clients::replicate::wire::ProblemDetails;

/// How much of the service's message an error keeps.
const DETAIL_BYTES: usize = 1000;

/// Classifies an error response.
pub(super) fn failure_of(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    token: &str,
    now: DateTime<Utc>,
) -> ReplicateFailure {
    let problem: ProblemDetails = serde_json::from_slice(body).unwrap_or_default();
    let detail = detail_of(&problem, status, headers);
    if status.is_client_error() && status != StatusCode::UNPROCESSABLE_ENTITY && says(&detail, &["monthly spend limit"]) {
        return ReplicateFailure::PaymentRequired { detail };
    }
    match status.as_u16() {
        400 => ReplicateFailure::InvalidInput { fields: fields_of(problem), detail },
        401 => ReplicateFailure::Unauthorized { detail, looks_like_cli_token: !token.starts_with("r8_") },
        402 => ReplicateFailure::PaymentRequired { detail },
        403 => ReplicateFailure::Forbidden { detail },
        404 => ReplicateFailure::NotFound { detail },
        409 => ReplicateFailure::Conflict { detail },
        422 => unprocessable(problem, detail),
        429 => ReplicateFailure::RateLimited {
            retry_after: requested_wait(headers, body, now),
            low_credit: says(&detail, &["burst of 1 ", "credit"]),
            detail,
        },
        status @ (408 | 500..) => ReplicateFailure::Server { status, retry_after: asked_by_header(headers, now), detail },
        status => ReplicateFailure::Rejected { status, detail },
    }
}

/// The wait that the headers ask for. Every response has `ratelimit-reset`, which means nothing outside a 429.
pub(super) fn asked_by_header(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let mut headers = headers.clone();
    headers.remove("ratelimit-reset");
    requested_wait(&headers, b"", now)
}

fn says(text: &str, phrases: &[&str]) -> bool {
    let text = text.to_lowercase();
    phrases.iter().any(|phrase| text.contains(phrase))
}

fn unprocessable(problem: ProblemDetails, detail: String) -> ReplicateFailure {
    if !problem.invalid_fields.is_empty() {
        return ReplicateFailure::InvalidInput { fields: fields_of(problem), detail };
    }
    let title = problem.title.as_deref().unwrap_or_default();
    if says(title, &["version disabled"]) || says(&detail, &["version has been disabled"]) {
        ReplicateFailure::VersionDisabled { detail }
    } else if says(title, &["invalid version"]) || says(&detail, &["specified version does not exist"]) {
        ReplicateFailure::VersionNotPermitted { detail }
    } else {
        ReplicateFailure::InvalidInput { fields: fields_of(problem), detail }
    }
}

/// The service's message, as specific as possible. Never empty. A body that is not a problem document, such as a proxy's HTML, is
/// only in [`ReplicateError::body`].
fn detail_of(problem: &ProblemDetails, status: StatusCode, headers: &HeaderMap) -> String {
    if status.is_redirection() {
        let location = headers.get("location").and_then(|value| value.to_str().ok()).unwrap_or("nowhere");
        return shorten(&format!("redirected to {location}"), DETAIL_BYTES);
    }
    let of_errors = || problem.errors.iter().find_map(|error| error.detail.as_deref());
    let details = [problem.detail.as_deref(), of_errors(), problem.title.as_deref()].into_iter().flatten();
    let details = details.map(str::trim).find(|details| !details.is_empty());
    shorten(details.or_else(|| status.canonical_reason()).unwrap_or("no reason given"), DETAIL_BYTES)
}

fn fields_of(problem: ProblemDetails) -> Vec<InvalidField> {
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
