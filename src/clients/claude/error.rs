//! Errors of Claude, by meaning.

use cog_findings::text::shorten;
use http::StatusCode;
use serde::Deserialize;

use crate::clients::ErrorKind;
use crate::clients::http::HttpBuildError;

/// How much of the service's message an error keeps.
const DETAIL_BYTES: usize = 500;

/// A request to Claude failed.
#[derive(Debug, thiserror::Error)]
#[error("Claude: {failure}{}", request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default())]
pub struct ClaudeError {
    pub failure: ClaudeFailure,
    /// The id of the request, for the service's support.
    pub request_id: Option<String>,
}

/// Why a request failed. Details are the service's own text: untrusted.
#[derive(Debug, thiserror::Error)]
pub enum ClaudeFailure {
    /// The base URL is invalid, or would send the key unencrypted.
    #[error("the URL is invalid: {0}")]
    BaseUrl(String),
    /// The HTTP client could not be built.
    #[error(transparent)]
    Client(#[from] HttpBuildError),
    /// The key was rejected.
    #[error("the API key was rejected: {0}")]
    Unauthorized(String),
    /// The key lacks permission.
    #[error("the API key lacks permission: {0}")]
    Forbidden(String),
    /// There is no such model.
    #[error("model not found: {0}")]
    NoModel(String),
    /// The account has no credit.
    #[error("the account has no credit: {0}")]
    Billing(String),
    /// The request was rejected.
    #[error("the request was rejected: {0}")]
    Refused(String),
    /// The request is too large.
    #[error("the request is too large: {0}")]
    TooLarge(String),
    /// Too many requests or tokens, even after the last retry.
    #[error("the rate limit was exceeded: {0}")]
    RateLimited(String),
    /// The service is overloaded, even after the last retry.
    #[error("the service is overloaded: {0}")]
    Overloaded(String),
    /// The service failed.
    #[error("the service responded with {status}: {detail}")]
    Service { status: StatusCode, detail: String },
    /// No response arrived.
    #[error("no response: {0}")]
    Transport(String),
    /// The model refused to answer.
    #[error("the model declined to answer")]
    Declined,
    /// The answer was cut off at `max_tokens`.
    #[error("the answer was cut off at {max_tokens} tokens")]
    CutOff { max_tokens: u32 },
    /// The response is not a valid message, or does not use the tool.
    #[error("the answer is unusable: {0}")]
    Unusable(String),
    /// The token budget of the run is used up.
    #[error("the budget of {budget} tokens for this run is used up")]
    BudgetSpent { budget: u64 },
}

impl ClaudeError {
    /// An error without a response.
    pub(super) fn own(failure: ClaudeFailure) -> Self {
        Self { failure, request_id: None }
    }

    pub fn kind(&self) -> ErrorKind {
        match self.failure {
            ClaudeFailure::BaseUrl(_)
            | ClaudeFailure::Unauthorized(_)
            | ClaudeFailure::Forbidden(_)
            | ClaudeFailure::NoModel(_)
            | ClaudeFailure::Refused(_)
            | ClaudeFailure::TooLarge(_)
            | ClaudeFailure::BudgetSpent { .. } => ErrorKind::Request,
            ClaudeFailure::Billing(_) => ErrorKind::Billing,
            ClaudeFailure::Client(_)
            | ClaudeFailure::RateLimited(_)
            | ClaudeFailure::Overloaded(_)
            | ClaudeFailure::Service { .. }
            | ClaudeFailure::Transport(_)
            | ClaudeFailure::Declined
            | ClaudeFailure::CutOff { .. }
            | ClaudeFailure::Unusable(_) => ErrorKind::Service,
        }
    }

    /// Whether every other request would fail too.
    pub fn is_final(&self) -> bool {
        matches!(
            self.failure,
            ClaudeFailure::BaseUrl(_)
                | ClaudeFailure::Unauthorized(_)
                | ClaudeFailure::Forbidden(_)
                | ClaudeFailure::NoModel(_)
                | ClaudeFailure::Billing(_)
                | ClaudeFailure::BudgetSpent { .. }
        )
    }

    pub fn hint(&self) -> Option<&'static str> {
        Some(match self.failure {
            ClaudeFailure::BaseUrl(_) => "correct ANTHROPIC_BASE_URL",
            ClaudeFailure::Unauthorized(_) => {
                "set ANTHROPIC_API_KEY to a key of https://console.anthropic.com/settings/keys, or ANTHROPIC_AUTH_TOKEN for a gateway"
            }
            ClaudeFailure::NoModel(_) => "set judge_model to a model that the key can use",
            ClaudeFailure::Billing(_) => "buy credit at https://console.anthropic.com/settings/billing",
            _ => return None,
        })
    }
}

/// The body of an error response.
#[derive(Debug, Default, Deserialize)]
struct ErrorResponse {
    #[serde(default)]
    error: ErrorDetail,
}

#[derive(Debug, Default, Deserialize)]
struct ErrorDetail {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    message: String,
}

/// Classifies an error response.
pub(super) fn failure_of(status: StatusCode, body: &[u8]) -> ClaudeFailure {
    let problem = serde_json::from_slice::<ErrorResponse>(body).unwrap_or_default().error;
    let message = if problem.message.is_empty() { String::from_utf8_lossy(body).into_owned() } else { problem.message };
    let detail = shorten(&message, DETAIL_BYTES);
    match (problem.kind.as_str(), status.as_u16()) {
        ("authentication_error", _) | (_, 401) => ClaudeFailure::Unauthorized(detail),
        ("billing_error", _) | (_, 402) => ClaudeFailure::Billing(detail),
        // An account without credit gets a 400.
        (_, 400) if detail.contains("credit balance") => ClaudeFailure::Billing(detail),
        ("permission_error", _) | (_, 403) => ClaudeFailure::Forbidden(detail),
        ("not_found_error", _) | (_, 404) => ClaudeFailure::NoModel(detail),
        ("request_too_large", _) | (_, 413) => ClaudeFailure::TooLarge(detail),
        ("rate_limit_error", _) | (_, 429) => ClaudeFailure::RateLimited(detail),
        ("overloaded_error", _) | (_, 529) => ClaudeFailure::Overloaded(detail),
        (_, code) if code >= 500 || code == 408 || code == 409 => ClaudeFailure::Service { status, detail },
        _ if status.is_client_error() => ClaudeFailure::Refused(detail),
        _ => ClaudeFailure::Service { status, detail },
    }
}
