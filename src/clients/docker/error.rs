//! Errors of the Docker daemon, by meaning.

use std::io;
use std::time::Duration;

use bollard::errors::Error as BollardError;
use bollard::grpc::error::GrpcError;
use cog_findings::text::shorten;

use crate::clients::ErrorKind;
use crate::clients::docker::api_version::OLDEST_API;
use crate::support::clock::readable_duration;

/// How much of the daemon's message an error keeps.
const MESSAGE_BYTES: usize = 4000;

/// A call to the Docker daemon failed.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// Nothing listens at the address.
    #[error("failed to connect to the Docker daemon at {host}")]
    NotRunning {
        /// The address.
        host: String,
        /// The connection error.
        #[source]
        source: Box<BollardError>,
    },
    /// There is no socket at this path.
    #[error("no Docker socket at {host}")]
    SocketMissing {
        /// The address.
        host: String,
    },
    /// The user may not access the socket.
    #[error("no permission to use the Docker daemon at {host}")]
    PermissionDenied {
        /// The address.
        host: String,
    },
    /// The scheme of the address is not supported.
    #[error("'{host}' is not a supported address of a Docker daemon{}", purpose_of(*.with_secrets))]
    UnsupportedHost {
        /// The address.
        host: String,
        /// Whether only builds with secrets are unsupported.
        with_secrets: bool,
    },
    /// The daemon is older than Docker 20.10.
    #[error("the Docker daemon supports API {server}, but {needed} is needed")]
    ApiTooOld {
        /// Its API version.
        server: String,
        /// The oldest supported API version.
        needed: String,
    },
    /// The daemon does not have the image, and for a pull neither does the registry.
    #[error("image '{image}' not found")]
    NoSuchImage { image: String },
    /// A container uses the image.
    #[error("failed to {attempted}: {message}")]
    InUse {
        /// What was attempted; fits after "failed to".
        attempted: String,
        /// The daemon's message.
        message: String,
    },
    /// The daemon's disk is full.
    #[error("failed to {attempted}: the Docker daemon's disk is full")]
    DiskFull {
        attempted: String,
        /// The daemon's message.
        message: String,
    },
    /// A step of a build failed. The build's events contain its output.
    #[error("the image build failed{}: {message}", step_words(.step.as_deref()))]
    BuildFailed {
        /// The name of the failed step, if a step failed.
        step: Option<String>,
        /// BuildKit's message.
        message: String,
    },
    /// The registry rejected a push.
    #[error("{repository} rejected the push: {message}")]
    PushDenied {
        repository: String,
        reason: PushDenial,
        /// The registry's message.
        message: String,
    },
    /// The registry or the network failed, even after the last retry.
    #[error("failed to {attempted}: {message}")]
    RegistryUnavailable {
        attempted: String,
        /// The daemon's message.
        message: String,
    },
    /// The daemon does not trust the registry's certificate.
    #[error("failed to {attempted}: {message}")]
    CertificateUnknown {
        attempted: String,
        /// The daemon's message.
        message: String,
    },
    /// The push succeeded, but the daemon did not report the digest.
    #[error("the daemon did not report the digest of the push to {repository}")]
    NoDigest { repository: String },
    /// A derived image does not have the layers of its base.
    #[error("the image '{image}' does not have the layers of its base")]
    LayersChanged {
        /// The derived image.
        image: String,
    },
    /// The call took too long.
    #[error("failed to {attempted} within {}", readable_duration(*.limit))]
    TimedOut { attempted: String, limit: Duration },
    /// The run was canceled.
    #[error("canceled")]
    Cancelled,
    /// The daemon failed for another reason.
    #[error("failed to {attempted}: {message}")]
    Daemon {
        attempted: String,
        /// The HTTP status, if there was a response.
        status: Option<u16>,
        /// The daemon's message.
        message: String,
    },
    /// The connection was interrupted, or the response was invalid.
    #[error("failed to {attempted}")]
    Connection {
        attempted: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Why a registry rejects a push: `docs/reference/replicate-api.md#push-errors`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PushDenial {
    /// `name unknown`: the model does not exist, or the token cannot see it.
    ModelUnknown,
    /// The credentials are missing or wrong.
    NotLoggedIn,
    /// The model belongs to someone else.
    NoWriteAccess,
    /// 403 without a reason.
    Forbidden,
}

fn purpose_of(with_secrets: bool) -> &'static str {
    if with_secrets { " for a build with secrets" } else { "" }
}

fn step_words(step: Option<&str>) -> String {
    step.map(|step| format!(" at '{step}'")).unwrap_or_default()
}

impl DockerError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotRunning { .. } => "start Docker, or set DOCKER_HOST to the address of a running daemon",
            Self::SocketMissing { .. } => {
                "start Docker, or set DOCKER_HOST; in a container, mount the socket: -v /var/run/docker.sock:/var/run/docker.sock"
            }
            Self::PermissionDenied { .. } => "add the user to the group that owns the socket (docker), or run as root",
            Self::UnsupportedHost { with_secrets: true, .. } => "use a daemon behind a unix:// or tcp:// address",
            Self::UnsupportedHost { .. } => "set DOCKER_HOST to a unix://, tcp:// or https:// address",
            Self::ApiTooOld { .. } => "update Docker to 20.10 or newer",
            Self::NoSuchImage { .. } => "check the image's name, and that the registry can be reached",
            Self::DiskFull { .. } => "free space with `docker system prune`, or use a runner with a larger disk",
            Self::PushDenied { reason, .. } => reason.hint(),
            Self::RegistryUnavailable { .. } => "try again later; layers that were pushed already are skipped",
            Self::CertificateUnknown { .. } => {
                "put the certificate of the registry's authority into /etc/docker/certs.d/HOST:PORT/ca.crt on the daemon's machine"
            }
            Self::LayersChanged { .. } => "this is a bug in safe-push or in the daemon: what was tested must be what ships",
            Self::InUse { .. }
            | Self::BuildFailed { .. }
            | Self::NoDigest { .. }
            | Self::TimedOut { .. }
            | Self::Cancelled
            | Self::Daemon { .. }
            | Self::Connection { .. } => return None,
        })
    }

    /// Who is at fault.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnsupportedHost { .. } | Self::NoSuchImage { .. } | Self::PushDenied { .. } | Self::CertificateUnknown { .. } => {
                ErrorKind::Request
            }
            Self::BuildFailed { .. } => ErrorKind::Model,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::NotRunning { .. }
            | Self::SocketMissing { .. }
            | Self::PermissionDenied { .. }
            | Self::ApiTooOld { .. }
            | Self::InUse { .. }
            | Self::DiskFull { .. }
            | Self::RegistryUnavailable { .. }
            | Self::NoDigest { .. }
            | Self::LayersChanged { .. }
            | Self::TimedOut { .. }
            | Self::Daemon { .. }
            | Self::Connection { .. } => ErrorKind::Service,
        }
    }

    /// Whether a retry may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::RegistryUnavailable { .. })
    }

    /// The meaning of bollard's error. `attempted` fits after "failed to"; `subject` is the image concerned.
    pub(super) fn from_bollard(host: &str, attempted: &str, subject: &str, limit: Duration, error: BollardError) -> Self {
        if let Some(kind) = io_kind(&error) {
            match kind {
                io::ErrorKind::NotFound => return Self::SocketMissing { host: host.to_owned() },
                io::ErrorKind::PermissionDenied => return Self::PermissionDenied { host: host.to_owned() },
                io::ErrorKind::ConnectionRefused => {
                    return Self::NotRunning { host: host.to_owned(), source: Box::new(error) };
                }
                _ => {}
            }
        }
        match error {
            BollardError::SocketNotFoundError(_) => Self::SocketMissing { host: host.to_owned() },
            BollardError::UnsupportedURISchemeError { .. } => Self::UnsupportedHost { host: host.to_owned(), with_secrets: false },
            BollardError::RequestTimeoutError => Self::TimedOut { attempted: attempted.to_owned(), limit },
            BollardError::DockerResponseServerError { status_code, message } => {
                Self::from_message(attempted, subject, Some(status_code), &message)
            }
            BollardError::DockerStreamError { error } => Self::from_message(attempted, subject, None, &error),
            other => Self::Connection { attempted: attempted.to_owned(), source: Box::new(other) },
        }
    }

    /// The meaning of an error from BuildKit's gRPC interface.
    pub(super) fn from_grpc(host: &str, attempted: &str, subject: &str, limit: Duration, error: GrpcError) -> Self {
        match error {
            GrpcError::DockerError { err } => Self::from_bollard(host, attempted, subject, limit, err),
            GrpcError::TonicStatus { err } => Self::from_message(attempted, subject, None, err.message()),
            other => Self::Connection { attempted: attempted.to_owned(), source: Box::new(other) },
        }
    }

    /// The meaning of the daemon's message. Most errors differ in nothing else.
    pub(super) fn from_message(attempted: &str, subject: &str, status: Option<u16>, text: &str) -> Self {
        let message = shorten(text.trim(), MESSAGE_BYTES);
        let lower = message.to_lowercase();
        let says = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
        let attempted = attempted.to_owned();
        if says(&["no space left on device", "disk quota exceeded"]) {
            return Self::DiskFull { attempted, message };
        }
        if says(&[
            "no such image",
            "manifest unknown",
            "reference does not exist",
            "pull access denied",
            "repository does not exist",
        ]) || status == Some(404) && !says(&["no such container", "page not found"])
        {
            return Self::NoSuchImage { image: subject.to_owned() };
        }
        if says(&["x509: ", "failed to verify certificate"]) {
            return Self::CertificateUnknown { attempted, message };
        }
        if says(&["is too old. minimum supported api version", "is too new. maximum supported api version"]) {
            return Self::ApiTooOld { server: message, needed: OLDEST_API.to_owned() };
        }
        if status == Some(409) {
            return Self::InUse { attempted, message };
        }
        Self::Daemon { attempted, status, message }
    }
}

impl PushDenial {
    /// What the user can do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::ModelUnknown => {
                "create the model on Replicate first, and check that the CLI token (COG_TOKEN) belongs to its owner: \
                 a registry also says this to strangers"
            }
            Self::NotLoggedIn => {
                "set COG_TOKEN to the CLI token from https://replicate.com/auth/token (it does not start with r8_)"
            }
            Self::NoWriteAccess => "use the CLI token of a user who may write to the model",
            Self::Forbidden => "check the account's state and that the CLI token may write to the model",
        }
    }
}

/// The kind of the innermost I/O error, if there is one.
fn io_kind(error: &BollardError) -> Option<io::ErrorKind> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut kind = None;
    while let Some(current) = source {
        if let Some(io) = current.downcast_ref::<io::Error>() {
            kind = Some(io.kind());
        }
        // bollard's enum is transparent over its sources, and hyper's legacy error hides its cause one level down.
        source = match current.downcast_ref::<BollardError>() {
            Some(BollardError::IOError { err }) => Some(err),
            Some(BollardError::HyperLegacyError { err }) => Some(err),
            _ => current.source(),
        };
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daemons_words_have_a_meaning() {
        let cases = [
            (Some(404), "No such image: acme:latest", "image 'x' not found"),
            (Some(500), "write /var/lib/docker/tmp/a: no space left on device", "disk is full"),
            (Some(404), "manifest unknown: manifest unknown", "image 'x' not found"),
            (None, "Get \"https://10.0.0.1/v2/\": x509: certificate signed by unknown authority", "unknown authority"),
            (Some(409), "conflict: unable to remove repository reference (must force)", "must force"),
            (Some(400), "client version 1.52 is too new. Maximum supported API version is 1.41", "is needed"),
            (Some(500), "something else", "failed to look: something else"),
        ];
        for (status, words, meaning) in cases {
            let error = DockerError::from_message("look", "x", status, words);
            assert!(error.to_string().contains(meaning), "{words}: {error}");
        }
    }

    #[test]
    fn the_kind_of_io_error_decides_what_connecting_means() {
        let meaning = |kind: io::ErrorKind| {
            let error = BollardError::IOError { err: io::Error::from(kind) };
            DockerError::from_bollard("unix:///x", "look", "", Duration::from_secs(1), error)
        };
        assert!(matches!(meaning(io::ErrorKind::NotFound), DockerError::SocketMissing { .. }));
        assert!(matches!(meaning(io::ErrorKind::PermissionDenied), DockerError::PermissionDenied { .. }));
        assert!(matches!(meaning(io::ErrorKind::ConnectionRefused), DockerError::NotRunning { .. }));
        assert!(matches!(meaning(io::ErrorKind::BrokenPipe), DockerError::Connection { .. }));
    }

    #[test]
    fn every_denial_names_a_fix() {
        for denial in [PushDenial::ModelUnknown, PushDenial::NotLoggedIn, PushDenial::NoWriteAccess, PushDenial::Forbidden] {
            assert!(denial.hint().contains("token"), "{denial:?}");
        }
    }
}
