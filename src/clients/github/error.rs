//! Errors of GitHub, by meaning.

use std::time::Duration;

use crate::clients::ErrorKind;

/// The permissions that the token needs, as a workflow declares them.
const PERMISSIONS: &str = "give the job these permissions: `contents: read`, `checks: write`, `pull-requests: write` \
(a pull request from a fork never has them)";

/// A call to GitHub failed.
#[derive(Debug, thiserror::Error)]
pub enum GitHubError {
    /// GitHub did not respond, or the connection was interrupted.
    #[error("failed to {attempted}: GitHub did not respond")]
    Unreachable {
        /// What was attempted; fits after "to".
        attempted: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// 5xx.
    #[error("failed to {attempted}: GitHub responded with {status}")]
    Unavailable { attempted: String, status: u16 },
    /// The rate limit asks for a longer wait than allowed.
    #[error("failed to {attempted}: GitHub's rate limit asks for a wait of {} seconds", wait.as_secs())]
    Limited { attempted: String, wait: Duration },
    /// The token lacks permission.
    #[error("failed to {attempted}: GitHub denied permission: {message}")]
    Denied { attempted: String, message: String },
    /// It does not exist, or the token cannot see it.
    #[error("failed to {attempted}: not found on GitHub")]
    NotFound { attempted: String },
    /// The request was rejected.
    #[error("failed to {attempted}: GitHub rejected it ({status}): {message}")]
    Refused { attempted: String, status: u16, message: String },
    /// The response is invalid.
    #[error("failed to {attempted}: GitHub's response is invalid")]
    Malformed {
        attempted: String,
        #[source]
        source: serde_json::Error,
    },
    /// The URL, the repository or the token is invalid.
    #[error("{problem}")]
    Settings { problem: String },
}

impl GitHubError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable { .. } | Self::Unavailable { .. } | Self::Limited { .. } | Self::Malformed { .. } => {
                ErrorKind::Service
            }
            Self::Denied { .. } | Self::NotFound { .. } | Self::Refused { .. } | Self::Settings { .. } => ErrorKind::Request,
        }
    }

    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Denied { .. } | Self::NotFound { .. } => Some(PERMISSIONS),
            Self::Unreachable { .. } => Some("check GITHUB_API_URL, the network and the proxy"),
            Self::Unavailable { .. } | Self::Limited { .. } => Some("run it again later"),
            Self::Refused { .. } | Self::Malformed { .. } => None,
            Self::Settings { .. } => Some("check GITHUB_API_URL, GITHUB_REPOSITORY and github_token, which the runner sets"),
        }
    }

    /// Whether the request may have been executed although no response confirms it.
    pub fn is_uncertain(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Unavailable { .. } | Self::Malformed { .. })
    }
}
