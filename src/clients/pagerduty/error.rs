//! Errors of PagerDuty, by meaning.

use http::StatusCode;

use crate::clients::ErrorKind;
use crate::clients::http::HttpBuildError;

/// PagerDuty did not accept an event.
#[derive(Debug, thiserror::Error)]
#[error("failed to {attempt}: {failure}")]
pub struct PagerDutyError {
    /// What was attempted; fits after "failed to".
    pub attempt: String,
    pub failure: PagerDutyFailure,
}

/// Why an event was not accepted. Details are the service's own text: untrusted.
#[derive(Debug, thiserror::Error)]
pub enum PagerDutyFailure {
    /// The URL is invalid, or would send the key unencrypted.
    #[error("the URL is invalid: {0}")]
    Url(String),
    /// The key does not look like a routing key.
    #[error("the routing key is invalid: it must have 32 letters and digits")]
    Key,
    /// The HTTP client could not be built.
    #[error(transparent)]
    Client(#[from] HttpBuildError),
    /// The event or the key was rejected.
    #[error("PagerDuty rejected the event: {0}")]
    Refused(String),
    /// 429, even after the last retry.
    #[error("PagerDuty's rate limit was exceeded")]
    RateLimited,
    /// The service failed.
    #[error("PagerDuty responded with {status}: {detail}")]
    Service { status: StatusCode, detail: String },
    /// No response arrived.
    #[error("no response: {0}")]
    Transport(String),
}

impl PagerDutyError {
    pub fn kind(&self) -> ErrorKind {
        match self.failure {
            PagerDutyFailure::Url(_) | PagerDutyFailure::Key | PagerDutyFailure::Refused(_) => ErrorKind::Request,
            PagerDutyFailure::Client(_)
            | PagerDutyFailure::RateLimited
            | PagerDutyFailure::Service { .. }
            | PagerDutyFailure::Transport(_) => ErrorKind::Service,
        }
    }

    pub fn hint(&self) -> Option<&'static str> {
        Some(match self.failure {
            PagerDutyFailure::Url(_) => "correct PAGERDUTY_EVENTS_URL",
            PagerDutyFailure::Key | PagerDutyFailure::Refused(_) => {
                "set PAGERDUTY_ROUTING_KEY to the integration key of an Events API v2 integration"
            }
            _ => return None,
        })
    }
}
