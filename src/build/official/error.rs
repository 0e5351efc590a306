//! Why the Cog CLI built no image.

use std::io;
use std::path::PathBuf;

use crate::clients::ErrorKind;
use crate::clients::cog_release::CogReleaseError;
use crate::clients::docker::DockerError;

/// The Cog CLI built no image.
#[derive(Debug, thiserror::Error)]
pub enum OfficialError {
    /// The version asked for is none.
    #[error("'{version}' is not a version of cog that can be downloaded")]
    BadVersion {
        /// What was asked for.
        version: String,
    },
    /// It cannot be had.
    #[error(transparent)]
    Release(#[from] CogReleaseError),
    /// It cannot be kept.
    #[error("failed to write {}", path.display())]
    NotKept {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be started.
    #[error("failed to start {}", program.display())]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It failed.
    #[error("{} failed{}", program.display(), exit_code.map(|code| format!(" with exit code {code}")).unwrap_or_default())]
    Failed {
        /// The program.
        program: PathBuf,
        /// Its exit code, unless a signal ended it.
        exit_code: Option<i32>,
        /// The end of what it said. Untrusted text.
        last_lines: Vec<String>,
    },
    /// The image has no schema.
    #[error("the image that {} made has no schema in its labels", program.display())]
    NoSchema {
        /// The program.
        program: PathBuf,
    },
    /// The daemon failed us.
    #[error(transparent)]
    Docker(#[from] DockerError),
    /// The run was canceled.
    #[error("the build was cancelled")]
    Cancelled,
}

impl OfficialError {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::BadVersion { .. } => "set cog_version to a release such as 0.22.0, or to latest".to_owned(),
            Self::Release(_) => "install cog, or name it with --cog-binary".to_owned(),
            Self::NotStarted { .. } => "name a program that can be run with --cog-binary".to_owned(),
            Self::NoSchema { .. } => "use cog 0.9 or later".to_owned(),
            Self::Docker(error) => return error.hint().map(str::to_owned),
            Self::NotKept { .. } | Self::Failed { .. } | Self::Cancelled => return None,
        })
    }

    /// Whose failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::BadVersion { .. } | Self::NotStarted { .. } => ErrorKind::Request,
            Self::Release(error) => error.kind(),
            Self::NotKept { .. } => ErrorKind::Service,
            Self::Failed { .. } | Self::NoSchema { .. } => ErrorKind::Model,
            Self::Docker(error) => error.kind(),
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }
}
