//! Why a build failed.

use cog_findings::Location;

use crate::build::context::ContextError;
use crate::build::disk::NotEnoughSpace;
use crate::build::failure::{BuildFailure, FailureCause};
use crate::build::schema_error::SchemaError;
use crate::clients::ErrorKind;
use crate::clients::docker::DockerError;

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A step of the Dockerfile failed.
    #[error(transparent)]
    Failed(Box<BuildFailure>),
    /// The project could not be sent.
    #[error("failed to send the project to the Docker daemon")]
    Context(#[from] ContextError),
    /// There is too little disk space to start.
    #[error(transparent)]
    Space(#[from] NotEnoughSpace),
    /// The image's schema or packages could not be read.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The daemon failed.
    #[error(transparent)]
    Docker(DockerError),
    #[error("the build was canceled")]
    Cancelled,
}

impl From<DockerError> for BuildError {
    fn from(error: DockerError) -> Self {
        match error {
            DockerError::Cancelled => Self::Cancelled,
            other => Self::Docker(other),
        }
    }
}

impl BuildError {
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Failed(failure) => failure.hint.clone(),
            Self::Context(error) => error.hint().map(str::to_owned),
            Self::Space(error) => Some(error.hint()),
            Self::Schema(error) => error.hint().map(str::to_owned),
            Self::Docker(error) => error.hint().map(str::to_owned),
            Self::Cancelled => None,
        }
    }

    /// Who is at fault. A step that fails because of the project's own instructions is the model's fault.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Failed(failure) => match failure.cause {
                FailureCause::Network | FailureCause::OutOfDisk | FailureCause::Killed | FailureCause::NotStarted => {
                    ErrorKind::Service
                }
                FailureCause::Certificate | FailureCause::SecretMissing(_) => ErrorKind::Request,
                FailureCause::SystemPackageMissing(_)
                | FailureCause::NoMatchingDistribution(_)
                | FailureCause::Conflict
                | FailureCause::HashMismatch
                | FailureCause::NoCompiler
                | FailureCause::FileMissing(_)
                | FailureCause::BaseImageMissing
                | FailureCause::Unknown => ErrorKind::Model,
            },
            Self::Context(_) => ErrorKind::Request,
            Self::Space(_) => ErrorKind::Service,
            Self::Schema(SchemaError::Unreadable { .. }) => ErrorKind::Request,
            Self::Schema(_) => ErrorKind::Model,
            Self::Docker(error) => error.kind(),
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }

    /// The line that caused it, if known.
    pub fn location(&self) -> Option<Location> {
        match self {
            Self::Failed(failure) => failure.location.clone(),
            Self::Context(ContextError::Ignore(error)) => {
                Some(Location::at(".dockerignore", u32::try_from(error.line).unwrap_or(u32::MAX), 1))
            }
            Self::Context(_) | Self::Space(_) | Self::Schema(_) | Self::Docker(_) | Self::Cancelled => None,
        }
    }
}
