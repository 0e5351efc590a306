//! Why the Cog CLI did not build an image.

use std::io;
use std::path::PathBuf;

use crate::clients::ErrorKind;
use crate::clients::cog_release::CogReleaseError;
use crate::clients::docker::DockerError;

/// The Cog CLI did not build an image.
#[derive(Debug, thiserror::Error)]
pub enum CogCliError {
    /// The requested version is not a version.
    #[error("'{version}' is not a version of cog that can be downloaded")]
    BadVersion { version: String },
    /// The release could not be downloaded.
    #[error(transparent)]
    Release(#[from] CogReleaseError),
    /// The downloaded executable could not be saved.
    #[error("failed to write {}", path.display())]
    NotKept {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// It could not be started.
    #[error("failed to start {}", program.display())]
    NotStarted {
        program: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} failed{}", program.display(), exit_code.map(|code| format!(" with exit code {code}")).unwrap_or_default())]
    Failed {
        program: PathBuf,
        /// Its exit code; `None` if a signal ended it.
        exit_code: Option<i32>,
        /// The last lines of its output. Untrusted text.
        last_lines: Vec<String>,
    },
    /// The image has no schema.
    #[error("the image built by {} has no schema in its labels", program.display())]
    NoSchema { program: PathBuf },
    /// The daemon failed.
    #[error(transparent)]
    Docker(#[from] DockerError),
    #[error("the build was canceled")]
    Cancelled,
}

impl CogCliError {
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::BadVersion { .. } => "set cog_version to a release such as 0.22.0, or to latest".to_owned(),
            Self::Release(_) => "install cog, or set --cog-binary to its path".to_owned(),
            Self::NotStarted { .. } => "set --cog-binary to an executable".to_owned(),
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
