//! What a registry's refusals mean.

use crate::clients::ErrorKind;

/// A call to a registry that failed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Nobody answers, or the connection broke.
    #[error("the registry {host} cannot be reached")]
    Unreachable {
        /// The registry.
        host: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// 5xx or 429.
    #[error("the registry {host} answers {status} to {attempted}")]
    Unavailable {
        /// The registry.
        host: String,
        /// What was asked.
        attempted: String,
        /// The status.
        status: u16,
    },
    /// 401 or 403.
    #[error("the registry {host} refuses {attempted} ({status})")]
    Denied {
        /// The registry.
        host: String,
        /// What was asked.
        attempted: String,
        /// The status.
        status: u16,
    },
    /// The CLI token is none.
    #[error("the registry {host} does not know the CLI token")]
    UnknownToken {
        /// The registry.
        host: String,
    },
    /// An API token where the CLI token belongs.
    #[error("the registry wants the CLI token, and this is an API token")]
    ApiToken,
    /// Something else than a registry answers.
    #[error("the registry {host} gave an answer to {attempted} that cannot be read: {problem}")]
    Malformed {
        /// The registry.
        host: String,
        /// What was asked.
        attempted: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A registry that cannot be spoken to.
    #[error("'{host}' is no address of a registry")]
    BadHost {
        /// What was given.
        host: String,
    },
}

impl RegistryError {
    /// Whose failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable { .. } | Self::Unavailable { .. } | Self::Malformed { .. } => ErrorKind::Service,
            Self::Denied { .. } | Self::UnknownToken { .. } | Self::ApiToken | Self::BadHost { .. } => ErrorKind::Request,
        }
    }

    /// The way out.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreachable { .. } | Self::Malformed { .. } => {
                Some("check the address (REPLICATE_REGISTRY), the network and the proxy")
            }
            Self::Unavailable { .. } => Some("run it again later; layers that arrived are not sent again"),
            Self::Denied { .. } => Some("check that COG_TOKEN belongs to an account that may write to the model"),
            Self::UnknownToken { .. } | Self::ApiToken => Some(
                "COG_TOKEN is the CLI token from https://replicate.com/auth/token; the token that begins with r8_ is REPLICATE_API_TOKEN",
            ),
            Self::BadHost { .. } => Some("name it as HOST or HOST:PORT, as in r8.im"),
        }
    }
}
