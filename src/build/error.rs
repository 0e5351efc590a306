//! Why a build failed.

use cog_findings::Location;

use crate::build::context::ContextError;
use crate::build::disk::NotEnoughSpace;
use crate::build::failure::{BuildFailure, FailureCause};
use crate::build::schema_error::SchemaError;
use crate::clients::ErrorKind;
use crate::clients::docker::DockerError;

/// A build that failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A step of the Dockerfile failed.
    #[error(transparent)]
    Failed(Box<BuildFailure>),
    /// The project cannot be sent.
    #[error("failed to send the project to the Docker daemon")]
    Context(#[from] ContextError),
    /// Too little disk space to start.
    #[error(transparent)]
    Space(#[from] NotEnoughSpace),
    /// The image's schema or packages cannot be read.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The daemon failed us.
    #[error(transparent)]
    Docker(DockerError),
    /// The run was canceled.
    #[error("the build was cancelled")]
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
    /// What to do about it, where that is known.
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

    /// Whose failure it is. A step that fails for what the project asks of it is the model's.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Failed(failure) => match failure.cause {
                FailureCause::Network | FailureCause::OutOfDisk | FailureCause::Killed => ErrorKind::Service,
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

    /// The line that caused it, when it is known.
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
