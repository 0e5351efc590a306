//! The errors of starting and controlling a sandbox.

use std::io::ErrorKind;
use std::net::SocketAddr;

/// A sandbox failed to start or rejected a request of its owner.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address is in use, or it is not an address of this machine.
    #[error("failed to listen on {address}")]
    Listen {
        /// The address and port.
        address: SocketAddr,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// Not a valid name of a host.
    #[error("'{0}' is not a valid host name or address")]
    Host(String),
    /// The folder for files could not be created.
    #[error("failed to create a folder for the sandbox's files")]
    Folder(#[source] std::io::Error),
    /// The Docker daemon is unreachable or rejected a request.
    #[error("the sandbox failed to use Docker")]
    Docker(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The sandbox was started without Docker.
    #[error("the sandbox was started without Docker")]
    WithoutDocker,
    /// The script could not be read.
    #[error("failed to read the script {file}")]
    ReadScript {
        /// The path of the script.
        file: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The script is invalid.
    #[error("the script {file} is invalid: {reason}")]
    Script {
        /// The path of the script.
        file: String,
        /// The problem, with its position in the file.
        reason: String,
    },
    /// Not a valid name of an account or model.
    #[error("'{0}' is not a valid name of an account or model")]
    Name(String),
    /// A model of that name exists.
    #[error("the model {0} already exists")]
    ModelExists(String),
    /// There is no such model.
    #[error("the sandbox has no model {0}")]
    NoModel(String),
    /// There is no such version.
    #[error("the sandbox has no version {id} of {model}")]
    NoVersion {
        /// The model, as `owner/name`.
        model: String,
        /// The requested id.
        id: String,
    },
}

impl SandboxError {
    /// Whether the options are wrong, so that another attempt with the same ones fails too.
    pub fn is_bad_option(&self) -> bool {
        match self {
            Self::Listen { source, .. } => matches!(source.kind(), ErrorKind::AddrNotAvailable | ErrorKind::PermissionDenied),
            Self::Host(_) | Self::Name(_) | Self::ReadScript { .. } | Self::Script { .. } => true,
            _ => false,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Listen { source, .. } if source.kind() == ErrorKind::AddrNotAvailable => {
                Some("name an address of this machine with --bind, such as 127.0.0.1")
            }
            Self::Listen { .. } => Some("choose another port with --port, or 0 for any free port"),
            Self::Host(_) => Some("give the host alone, as in build.example.com or 192.0.2.7, without scheme and port"),
            Self::Folder(_) => Some("check that the temporary folder is writable and has free space"),
            Self::Docker(_) => Some("start the Docker daemon, or check DOCKER_HOST"),
            Self::WithoutDocker => Some("start the sandbox with Docker, or give the version a script"),
            Self::Name(_) => Some("use lowercase letters and digits, with -, _ or . between them"),
            Self::NoModel(_) => Some("create the model first"),
            _ => None,
        }
    }
}
