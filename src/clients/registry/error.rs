//! Errors of a registry, by meaning.

use crate::clients::ErrorKind;

/// A call to a registry failed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry did not respond, or the connection was interrupted.
    #[error("failed to reach the registry {host}")]
    Unreachable {
        /// The registry's host.
        host: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// 5xx or 429, even after the last retry.
    #[error("the registry {host} responded with {status} to {attempted}")]
    Unavailable {
        /// The registry's host.
        host: String,
        /// What was requested.
        attempted: String,
        /// The status.
        status: u16,
    },
    /// 401 or 403.
    #[error("the registry {host} rejected {attempted} ({status})")]
    Denied {
        /// The registry's host.
        host: String,
        /// What was requested.
        attempted: String,
        /// The status.
        status: u16,
    },
    /// The CLI token is unknown to the registry.
    #[error("the registry {host} does not know the CLI token")]
    UnknownToken {
        /// The registry's host.
        host: String,
    },
    /// An API token was given instead of the CLI token.
    #[error("the registry needs the CLI token, but this is an API token")]
    ApiToken,
    /// The response is not one of a registry.
    #[error("the registry {host} sent an invalid response to {attempted}: {problem}")]
    Malformed {
        /// The registry's host.
        host: String,
        /// What was requested.
        attempted: String,
        /// The problem with the response.
        problem: String,
    },
    /// Not a valid address of a registry.
    #[error("'{host}' is not a valid address of a registry")]
    BadHost {
        /// The address.
        host: String,
    },
}

impl RegistryError {
    /// Who is at fault.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable { .. } | Self::Unavailable { .. } | Self::Malformed { .. } => ErrorKind::Service,
            Self::Denied { .. } | Self::UnknownToken { .. } | Self::ApiToken | Self::BadHost { .. } => ErrorKind::Request,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreachable { .. } | Self::Malformed { .. } => {
                Some("check the address (REPLICATE_REGISTRY), the network and the proxy")
            }
            Self::Unavailable { .. } => Some("run it again later; layers that arrived are not sent again"),
            Self::Denied { .. } => Some("check that COG_TOKEN belongs to an account that may write to the model"),
            Self::UnknownToken { .. } | Self::ApiToken => Some(
                "COG_TOKEN is the CLI token from https://replicate.com/auth/token; the token that starts with r8_ is REPLICATE_API_TOKEN",
            ),
            Self::BadHost { .. } => Some("name it as HOST or HOST:PORT, as in r8.im"),
        }
    }
}
