//! Removing containers and image names, also while others do the same.

use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error as DaemonError;
use bollard::query_parameters::{RemoveContainerOptionsBuilder, RemoveImageOptions};

const GONE_INTERVAL: Duration = Duration::from_millis(50);
const GONE_LIMIT: Duration = Duration::from_secs(10);

/// Removes a container and waits until it is gone.
pub(super) async fn container(docker: &Docker, id: &str) {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match docker.remove_container(id, Some(options)).await {
        // 404: someone else removed it.
        Ok(()) | Err(DaemonError::DockerResponseServerError { status_code: 404, .. }) => {}
        // 409: a removal is already in progress. It is finished when the daemon no longer knows the container.
        Err(DaemonError::DockerResponseServerError { status_code: 409, .. }) => {
            let gone = async {
                while docker.inspect_container(id, None).await.is_ok() {
                    tokio::time::sleep(GONE_INTERVAL).await;
                }
            };
            if tokio::time::timeout(GONE_LIMIT, gone).await.is_err() {
                tracing::warn!(container = id, "removing a sandbox container takes long");
            }
        }
        Err(cause) => tracing::warn!(%cause, container = id, "failed to remove a sandbox container"),
    }
}

/// Takes a name from an image. The image goes with its last name.
pub(super) async fn image_name(docker: &Docker, name: &str) {
    match docker.remove_image(name, None::<RemoveImageOptions>, None).await {
        // 404: it was never pulled, or someone else removed it.
        Ok(_) | Err(DaemonError::DockerResponseServerError { status_code: 404, .. }) => {}
        Err(cause) => tracing::warn!(%cause, image = name, "failed to remove an image of the sandbox"),
    }
}
