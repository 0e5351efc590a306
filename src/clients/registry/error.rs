//! Errors of a registry, by meaning.

use crate::clients::ErrorKind;
use crate::clients::docker::PushDenial;
use crate::domain::identity::ImageDigest;

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
        status: u16,
    },
    /// 401 or 403.
    #[error("the registry {host} rejected {attempted} ({status})")]
    Denied {
        /// The registry's host.
        host: String,
        /// What was requested.
        attempted: String,
        status: u16,
    },
    /// The account may not push to the repository.
    #[error("the registry {host} does not let {account} push to {repository}{}", appended(.message))]
    PushDenied {
        /// The registry's host.
        host: String,
        /// Whose token it is, for people: `'acme'`.
        account: String,
        repository: String,
        reason: PushDenial,
        /// The registry's message. Untrusted text.
        message: String,
    },
    /// Blobs that a manifest names are not in its repository.
    #[error("the registry {host} has no such blobs in {repository}{}", appended(.message))]
    BlobsUnknown {
        /// The registry's host.
        host: String,
        repository: String,
        /// The blobs, as far as the registry names them.
        digests: Vec<ImageDigest>,
        /// The registry's message. Untrusted text.
        message: String,
    },
    /// A request that changes something was refused for another reason.
    #[error("the registry {host} refused {attempted} ({status}){}", appended(.message))]
    Refused {
        /// The registry's host.
        host: String,
        /// What was requested.
        attempted: String,
        status: u16,
        /// The registry's message. Untrusted text.
        message: String,
    },
    /// The registry took a manifest, and says that it stored a different one.
    #[error("the registry {host} stored the manifest {sent} of {repository} as {stored}")]
    OtherManifest {
        /// The registry's host.
        host: String,
        repository: String,
        sent: ImageDigest,
        /// The digest that the registry gave. Untrusted text.
        stored: String,
    },
    /// The registry does not have a blob that it listed.
    #[error("the registry {host} does not have the blob {digest} of {repository}")]
    BlobMissing {
        /// The registry's host.
        host: String,
        repository: String,
        /// The blob.
        digest: ImageDigest,
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

/// A message of a registry, to follow an error.
fn appended(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

impl RegistryError {
    /// Who is at fault.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable { .. }
            | Self::Unavailable { .. }
            | Self::Malformed { .. }
            | Self::BlobsUnknown { .. }
            | Self::Refused { .. }
            | Self::OtherManifest { .. }
            | Self::BlobMissing { .. } => ErrorKind::Service,
            Self::Denied { .. } | Self::PushDenied { .. } | Self::UnknownToken { .. } | Self::ApiToken | Self::BadHost { .. } => {
                ErrorKind::Request
            }
        }
    }

    /// Whether the registry or the network failed in a way that may pass.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Unavailable { .. })
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreachable { .. } | Self::Malformed { .. } => {
                Some("check the address (REPLICATE_REGISTRY), the network and the proxy")
            }
            Self::Unavailable { .. } => Some("run it again later; layers that arrived are not sent again"),
            Self::Denied { .. } => Some("check that COG_TOKEN belongs to an account that may write to the model"),
            Self::PushDenied { reason, .. } => Some(reason.hint()),
            Self::BlobsUnknown { .. } | Self::Refused { .. } | Self::BlobMissing { .. } => {
                Some("run it again; if it happens again, see https://www.replicatestatus.com")
            }
            Self::OtherManifest { .. } => {
                Some("do not use what was pushed, and look for what changes manifests on the way to the registry, such as a proxy")
            }
            Self::UnknownToken { .. } | Self::ApiToken => Some(
                "COG_TOKEN is the CLI token from https://replicate.com/auth/token; the token that starts with r8_ is REPLICATE_API_TOKEN",
            ),
            Self::BadHost { .. } => Some("name it as HOST or HOST:PORT, as in r8.im"),
        }
    }
}
