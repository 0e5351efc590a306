//! The roles of a Docker daemon: what stages ask of it.
//!
//! A stage takes the roles that it needs and no others. A decorator or a fake implements only the roles that it changes, and takes the
//! others from the daemon behind it: `Docker { names: decorator, ..Docker::of(daemon) }`.
//!
//! Calls with a `cancelled` token stop, clean up after themselves and return [`DockerError::Cancelled`] soon after it fires.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::io::AsyncRead;
use tokio_util::sync::CancellationToken;

use crate::clients::docker::{
    BuildEvent, ContainerOutput, ContainerRun, DaemonVersion, Derivation, DiskUsage, DockerError, ImageBuild, ImageDetails,
    ImagePush, PushEvent, Pushed,
};

/// A build context: a tar archive, read while it is sent. An error of the reader ends the build.
pub type BuildContext = Pin<Box<dyn AsyncRead + Send>>;

/// An image as one archive (`docker save`), read while the daemon writes it.
pub type ImageArchive = Pin<Box<dyn AsyncRead + Send>>;

/// Describes the daemon itself.
pub trait DescribeDaemon: Send + Sync {
    /// Which daemon it is, if it answers.
    fn version<'a>(&'a self) -> BoxFuture<'a, Result<DaemonVersion, DockerError>>;

    /// The disk space of its images and caches.
    fn disk_usage<'a>(&'a self) -> BoxFuture<'a, Result<DiskUsage, DockerError>>;
}

/// Builds images from a Dockerfile.
pub trait BuildImages: Send + Sync {
    /// Builds an image with BuildKit. The context is streamed; events come while the build runs.
    fn build<'a>(
        &'a self,
        build: &'a ImageBuild,
        context: BuildContext,
        events: &'a mut (dyn FnMut(BuildEvent) + Send),
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), DockerError>>;
}

/// Makes images on top of others.
pub trait DeriveImages: Send + Sync {
    /// Makes an image on top of another. The base's layers are kept as they are: this is checked.
    fn derive_image<'a>(
        &'a self,
        derivation: &'a Derivation,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<ImageDetails, DockerError>>;

    /// Gives an image other labels and another name: its layers stay the same, its digest does not.
    fn relabel<'a>(
        &'a self,
        image: &'a str,
        labels: &'a BTreeMap<String, String>,
        tag: &'a str,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<ImageDetails, DockerError>> {
        Box::pin(async move {
            let derivation =
                Derivation { base: image.to_owned(), tag: tag.to_owned(), labels: labels.clone(), ..Derivation::default() };
            self.derive_image(&derivation, cancelled).await
        })
    }
}

/// Finds images and reads their configuration.
pub trait InspectImages: Send + Sync {
    /// Reads an image's configuration.
    fn inspect_image<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<ImageDetails, DockerError>>;

    /// Whether the daemon has an image.
    fn image_exists<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<bool, DockerError>> {
        Box::pin(async move {
            match self.inspect_image(reference).await {
                Ok(_) => Ok(true),
                Err(DockerError::NoSuchImage { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    /// The images that have a label of this name and value.
    fn images_with_label<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<Vec<ImageDetails>, DockerError>>;
}

/// Reads whole images.
pub trait SaveImages: Send + Sync {
    /// Reads an image with all of its layers, its configuration and its history. Daemons without the containerd store write it to their
    /// disk first.
    fn export_image<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<ImageArchive, DockerError>>;
}

/// Gives names to images and takes them away.
pub trait NameImages: Send + Sync {
    /// Gives an image another name, `repository:tag`.
    fn tag_image<'a>(&'a self, source: &'a str, target: &'a str) -> BoxFuture<'a, Result<(), DockerError>>;

    /// Takes a name from an image, and removes the image when it was the last. A missing name is not an error.
    fn remove_image<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<(), DockerError>>;
}

/// Pushes images to a registry.
pub trait PushImages: Send + Sync {
    /// Pushes an image and returns the digest under which it arrived. Events come while it is sent.
    fn push<'a>(
        &'a self,
        push: &'a ImagePush,
        events: &'a mut (dyn FnMut(PushEvent) + Send),
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Pushed, DockerError>>;

    /// Whether a push asks the registry for each layer by its digest before it sends it, as daemons do that keep layers packed.
    fn asks_for_packed_layers<'a>(&'a self) -> BoxFuture<'a, bool> {
        Box::pin(async move { false })
    }
}

pub trait RunContainers: Send + Sync {
    /// Runs a container to its end and removes it, whatever happens.
    fn run<'a>(
        &'a self,
        run: &'a ContainerRun,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<ContainerOutput, DockerError>>;
}

/// A Docker daemon by its roles, all but the push: who builds cannot publish.
#[derive(Clone)]
pub struct Docker {
    pub daemon: Arc<dyn DescribeDaemon>,
    pub build: Arc<dyn BuildImages>,
    /// Makes images on top of others.
    pub derive: Arc<dyn DeriveImages>,
    /// Finds images.
    pub inspect: Arc<dyn InspectImages>,
    /// Reads whole images.
    pub save: Arc<dyn SaveImages>,
    pub names: Arc<dyn NameImages>,
    pub containers: Arc<dyn RunContainers>,
}

impl Docker {
    pub fn of<D>(daemon: Arc<D>) -> Self
    where
        D: DescribeDaemon + BuildImages + DeriveImages + InspectImages + SaveImages + NameImages + RunContainers + 'static,
    {
        Self {
            daemon: Arc::<D>::clone(&daemon),
            build: Arc::<D>::clone(&daemon),
            derive: Arc::<D>::clone(&daemon),
            inspect: Arc::<D>::clone(&daemon),
            save: Arc::<D>::clone(&daemon),
            names: Arc::<D>::clone(&daemon),
            containers: daemon,
        }
    }
}
