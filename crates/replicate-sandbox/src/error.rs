//! Why a sandbox does not start, or refuses what its owner asks of it.

use std::net::SocketAddr;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address is taken or not this machine's.
    #[error("the sandbox could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The folder for files could not be made.
    #[error("the sandbox could not make a folder for its files")]
    Folder(#[source] std::io::Error),
    /// The Docker daemon refused or is not there.
    #[error("the sandbox cannot use Docker")]
    Docker(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The sandbox was started without Docker.
    #[error("the sandbox was started without docker")]
    WithoutDocker,
    /// The script cannot be read.
    #[error("the script {file} could not be read")]
    ReadScript {
        /// The file.
        file: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The script is wrong.
    #[error("the script {file} is wrong: {reason}")]
    Script {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A name that no account or model can have.
    #[error("'{0}' is no name of an account or model")]
    Name(String),
    /// A model of that name is there already.
    #[error("the model {0} is there already")]
    ModelExists(String),
    /// There is no such model.
    #[error("there is no model {0} in the sandbox")]
    NoModel(String),
    /// There is no such version.
    #[error("the model {model} has no version {id} in the sandbox")]
    NoVersion {
        /// The model.
        model: String,
        /// The id asked for.
        id: String,
    },
}

impl SandboxError {
    /// The way out, where there is one to name.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Listen { .. } => Some("choose another port with --port, or 0 for a free one"),
            Self::Folder(_) => Some("check that the temporary folder can be written and has room"),
            Self::Docker(_) => Some("start the Docker daemon, or check DOCKER_HOST"),
            Self::WithoutDocker => Some("start the sandbox with docker, or give the version a script"),
            Self::Name(_) => Some("names have lowercase letters, digits, and -, _ or . between them"),
            Self::NoModel(_) => Some("create the model first"),
            _ => None,
        }
    }
}
