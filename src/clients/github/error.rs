//! What GitHub's refusals mean.

use std::time::Duration;

use crate::clients::ErrorKind;

/// What a token needs for what was attempted, as a workflow writes it.
const PERMISSIONS: &str = "give the job these permissions: `contents: read`, `checks: write`, `pull-requests: write` \
(a pull request from a fork never has them)";

/// A call to GitHub that failed.
#[derive(Debug, thiserror::Error)]
pub enum GitHubError {
    /// Nobody answers, or the connection broke.
    #[error("GitHub cannot be reached to {attempted}")]
    Unreachable {
        /// What was asked.
        attempted: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// 5xx.
    #[error("GitHub answers {status} to {attempted}")]
    Unavailable {
        /// What was asked.
        attempted: String,
        /// The status.
        status: u16,
    },
    /// It wants us to wait for longer than we will.
    #[error("GitHub limits requests: {attempted} would have to wait for {} seconds", wait.as_secs())]
    Limited {
        /// What was asked.
        attempted: String,
        /// How long.
        wait: Duration,
    },
    /// The token may not.
    #[error("GitHub does not allow us to {attempted}: {message}")]
    Denied {
        /// What was asked.
        attempted: String,
        /// What it says.
        message: String,
    },
    /// There is no such thing, or the token may not see it.
    #[error("GitHub knows nothing to {attempted}")]
    NotFound {
        /// What was asked.
        attempted: String,
    },
    /// What was sent is wrong.
    #[error("GitHub refuses to {attempted} ({status}): {message}")]
    Refused {
        /// What was asked.
        attempted: String,
        /// The status.
        status: u16,
        /// What it says.
        message: String,
    },
    /// An answer that is none.
    #[error("GitHub's answer to {attempted} cannot be read")]
    Malformed {
        /// What was asked.
        attempted: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// An address or a token that cannot be used.
    #[error("{problem}")]
    Settings {
        /// What is wrong.
        problem: String,
    },
}

impl GitHubError {
    /// Whose failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable { .. } | Self::Unavailable { .. } | Self::Limited { .. } | Self::Malformed { .. } => {
                ErrorKind::Service
            }
            Self::Denied { .. } | Self::NotFound { .. } | Self::Refused { .. } | Self::Settings { .. } => ErrorKind::Request,
        }
    }

    /// The way out.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Denied { .. } | Self::NotFound { .. } => Some(PERMISSIONS),
            Self::Unreachable { .. } => Some("check GITHUB_API_URL, the network and the proxy"),
            Self::Unavailable { .. } | Self::Limited { .. } => Some("run it again later"),
            Self::Refused { .. } | Self::Malformed { .. } => None,
            Self::Settings { .. } => Some("GITHUB_API_URL, GITHUB_REPOSITORY and github_token are what the runner gives"),
        }
    }

    /// Whether the request may have been carried out although no answer says so.
    pub fn is_uncertain(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Unavailable { .. } | Self::Malformed { .. })
    }
}
