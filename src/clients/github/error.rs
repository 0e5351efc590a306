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
    #[error("GitHub cannot be reached to {attempted}")]
    Unreachable {
        /// What was attempted; fits after "to".
        attempted: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// 5xx.
    #[error("GitHub answers {status} to {attempted}")]
    Unavailable {
        /// What was attempted.
        attempted: String,
        /// The status.
        status: u16,
    },
    /// The rate limit asks for a longer wait than allowed.
    #[error("GitHub limits requests: {attempted} would have to wait for {} seconds", wait.as_secs())]
    Limited {
        /// What was attempted.
        attempted: String,
        /// The wait.
        wait: Duration,
    },
    /// The token lacks permission.
    #[error("GitHub does not allow us to {attempted}: {message}")]
    Denied {
        /// What was attempted.
        attempted: String,
        /// GitHub's message.
        message: String,
    },
    /// It does not exist, or the token cannot see it.
    #[error("GitHub knows nothing to {attempted}")]
    NotFound {
        /// What was attempted.
        attempted: String,
    },
    /// The request was rejected.
    #[error("GitHub refuses to {attempted} ({status}): {message}")]
    Refused {
        /// What was attempted.
        attempted: String,
        /// The status.
        status: u16,
        /// GitHub's message.
        message: String,
    },
    /// The response is invalid.
    #[error("GitHub's answer to {attempted} cannot be read")]
    Malformed {
        /// What was attempted.
        attempted: String,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// The URL, the repository or the token is invalid.
    #[error("{problem}")]
    Settings {
        /// The problem.
        problem: String,
    },
}

impl GitHubError {
    /// Who is at fault.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable { .. } | Self::Unavailable { .. } | Self::Limited { .. } | Self::Malformed { .. } => {
                ErrorKind::Service
            }
            Self::Denied { .. } | Self::NotFound { .. } | Self::Refused { .. } | Self::Settings { .. } => ErrorKind::Request,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Denied { .. } | Self::NotFound { .. } => Some(PERMISSIONS),
            Self::Unreachable { .. } => Some("check GITHUB_API_URL, the network and the proxy"),
            Self::Unavailable { .. } | Self::Limited { .. } => Some("run it again later"),
            Self::Refused { .. } | Self::Malformed { .. } => None,
            Self::Settings { .. } => Some("GITHUB_API_URL, GITHUB_REPOSITORY and github_token are what the runner gives"),
        }
    }

    /// Whether the request may have been executed although no response confirms it.
    pub fn is_uncertain(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Unavailable { .. } | Self::Malformed { .. })
    }
}
