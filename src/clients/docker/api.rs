//! The trait: what the stages ask of a Docker daemon.

use std::pin::Pin;

use async_trait::async_trait;
use tokio::io::AsyncRead;
use tokio_util::sync::CancellationToken;

use crate::clients::docker::{
    BuildEvent, ContainerOutput, ContainerRun, DaemonVersion, Derivation, DiskUsage, DockerError, ImageBuild, ImageDetails,
    ImagePush, PushEvent, Pushed, RegistryCredentials,
};

/// A build context: a tar archive, read while it is sent. An error of the reader ends the build.
pub type Context = Pin<Box<dyn AsyncRead + Send>>;

/// An image as one archive (`docker save`), read while the daemon writes it.
pub type ImageArchive = Pin<Box<dyn AsyncRead + Send>>;

/// A Docker daemon.
///
/// Calls with a `cancelled` token stop, clean up after themselves and return [`DockerError::Cancelled`] soon after it fires.
#[async_trait]
pub trait Docker: Send + Sync {
    /// Asks whether the daemon is there, and which it is.
    async fn version(&self) -> Result<DaemonVersion, DockerError>;

    /// Asks what images and caches take up.
    async fn disk_usage(&self) -> Result<DiskUsage, DockerError>;

    /// Builds an image with BuildKit. The context is streamed; events come while the build runs.
    async fn build(
        &self,
        build: &ImageBuild,
        context: Context,
        events: &mut (dyn FnMut(BuildEvent) + Send),
        cancelled: &CancellationToken,
    ) -> Result<(), DockerError>;

    /// Makes an image on top of another. The base's layers are kept as they are: this is checked.
    async fn derive_image(&self, derivation: &Derivation, cancelled: &CancellationToken) -> Result<ImageDetails, DockerError>;

    /// Looks at an image.
    async fn inspect_image(&self, reference: &str) -> Result<ImageDetails, DockerError>;

    /// Whether the daemon has an image.
    async fn image_exists(&self, reference: &str) -> Result<bool, DockerError> {
        match self.inspect_image(reference).await {
            Ok(_) => Ok(true),
            Err(DockerError::NoSuchImage { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads an image with all of its layers, its configuration and its history. Daemons without the containerd store write it to
    /// their disk first.
    async fn export_image(&self, reference: &str) -> Result<ImageArchive, DockerError>;

    /// The images whose label of that name has that value.
    async fn images_with_label(&self, name: &str, value: &str) -> Result<Vec<ImageDetails>, DockerError>;

    /// Gives an image another name, `repository:tag`.
    async fn tag_image(&self, source: &str, target: &str) -> Result<(), DockerError>;

    /// Takes a name from an image, and removes the image when it was the last. A name that is not there is no error.
    async fn remove_image(&self, reference: &str) -> Result<(), DockerError>;

    /// Pulls an image.
    async fn pull(
        &self,
        reference: &str,
        credentials: Option<&RegistryCredentials>,
        cancelled: &CancellationToken,
    ) -> Result<(), DockerError>;

    /// Pushes an image and says under which digest it arrived. Events come while it goes over.
    async fn push(
        &self,
        push: &ImagePush,
        events: &mut (dyn FnMut(PushEvent) + Send),
        cancelled: &CancellationToken,
    ) -> Result<Pushed, DockerError>;

    /// Runs a container to its end and removes it, whatever happens.
    async fn run(&self, run: &ContainerRun, cancelled: &CancellationToken) -> Result<ContainerOutput, DockerError>;

    /// Removes containers that processes of ours left behind, and says how many.
    async fn remove_orphans(&self) -> Result<usize, DockerError>;

    /// The same image under changed labels and another name: its layers are the same, its digest is not.
    async fn relabel(
        &self,
        image: &str,
        labels: &std::collections::BTreeMap<String, String>,
        tag: &str,
        cancelled: &CancellationToken,
    ) -> Result<ImageDetails, DockerError> {
        let derivation =
            Derivation { base: image.to_owned(), tag: tag.to_owned(), labels: labels.clone(), ..Derivation::default() };
        self.derive_image(&derivation, cancelled).await
    }
}
