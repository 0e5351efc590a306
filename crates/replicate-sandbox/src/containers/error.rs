//! Why a container does not serve.

use std::time::Duration;

use bollard::errors::Error as DaemonError;

/// A container failed to start or to become ready.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContainerError {
    /// The daemon is unreachable or rejected a request.
    #[error("failed to {act}: {cause}")]
    Docker {
        /// What was attempted; fits after "failed to".
        act: &'static str,
        /// The daemon's error, part of the message because the API passes on text only.
        cause: DaemonError,
    },
    #[error("the model's container has no reachable address")]
    NoAddress,
    /// The message is Replicate's own.
    #[error("model container failed to boot and complete setup within {} seconds", .0.as_secs())]
    SetupTimeout(Duration),
    /// `setup()` failed or the process exited.
    #[error("model setup failed: {0}")]
    Setup(String),
}

/// Whether the daemon does not know what a request names.
pub(super) fn is_missing(error: &ContainerError) -> bool {
    matches!(error, ContainerError::Docker { cause: DaemonError::DockerResponseServerError { status_code: 404, .. }, .. })
}

pub(super) fn failed(act: &'static str) -> impl Fn(DaemonError) -> ContainerError {
    move |cause| ContainerError::Docker { act, cause }
}
