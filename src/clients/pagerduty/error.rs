//! What can go wrong, by meaning.

use http::StatusCode;

use crate::clients::ErrorKind;
use crate::clients::http::HttpBuildError;

/// An event that PagerDuty did not take.
#[derive(Debug, thiserror::Error)]
#[error("failed to {attempt}: {failure}")]
pub struct PagerDutyError {
    /// What was attempted.
    pub attempt: String,
    /// What went wrong.
    pub failure: PagerDutyFailure,
}

/// What went wrong. Details are the service's words: untrusted.
#[derive(Debug, thiserror::Error)]
pub enum PagerDutyFailure {
    /// The URL is none, or would send the key unencrypted.
    #[error("the URL is not usable: {0}")]
    Url(String),
    /// The key has not the form of one.
    #[error("a routing key has 32 letters and digits, and this one has not")]
    Key,
    /// The client could not be made.
    #[error(transparent)]
    Client(#[from] HttpBuildError),
    /// The event, or the key, is not accepted.
    #[error("PagerDuty refused the event: {0}")]
    Refused(String),
    /// Too many events, until the last repeat.
    #[error("PagerDuty's rate limit holds on")]
    RateLimited,
    /// The service failed.
    #[error("PagerDuty answered {status}: {detail}")]
    Service {
        /// The answer's status.
        status: StatusCode,
        /// What it said.
        detail: String,
    },
    /// No answer came.
    #[error("no answer came: {0}")]
    Transport(String),
}

impl PagerDutyError {
    /// Whose failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self.failure {
            PagerDutyFailure::Url(_) | PagerDutyFailure::Key | PagerDutyFailure::Refused(_) => ErrorKind::Request,
            PagerDutyFailure::Client(_)
            | PagerDutyFailure::RateLimited
            | PagerDutyFailure::Service { .. }
            | PagerDutyFailure::Transport(_) => ErrorKind::Service,
        }
    }

    /// The way out, where there is one to name.
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
