//! Images for an embedded sandbox that the daemon cannot reach.
//!
//! As an action, safe-push runs in a container, and the daemon outside of it. The daemon then cannot push to our registry: it takes
//! 127.0.0.1 for its own, and requires TLS for every other address. But the daemon that would push is the one that will run the versions,
//! so an image is passed by reference. Only the push, the removal of names and the registry are decorated for that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use replicate_sandbox::ImageRegistrar;
use tokio_util::sync::CancellationToken;

use crate::clients::docker::{
    DockerError, ImagePush, InspectImages as _, NameImages, OwnNetwork, PushEvent, PushImages, Pushed, RealDocker, own_container,
};
use crate::clients::registry::{Manifest, Registry, RegistryError};
use crate::domain::identity::ImageDigest;
use crate::support::SecretString;
use crate::support::locks::lock;

/// The network shared with the daemon's containers, when this process runs in one of them.
pub(super) async fn own_network(docker: &RealDocker) -> Result<Option<OwnNetwork>, DockerError> {
    match own_container() {
        Some(container) => docker.network_of(&container).await,
        None => Ok(None),
    }
}

/// A daemon that passes pushed images to the sandbox by reference, and the sandbox's registry as it would be after the pushes.
pub(super) struct Handover {
    docker: Arc<RealDocker>,
    registrar: ImageRegistrar,
    /// The account of the sandbox.
    username: String,
    state: Mutex<HandoverState>,
}

#[derive(Default)]
struct HandoverState {
    /// By the digest under which an image was passed.
    manifests: BTreeMap<String, Manifest>,
    /// Names that keep the daemon from removing the images.
    names: Vec<String>,
}

impl Handover {
    pub(super) fn new(docker: Arc<RealDocker>, registrar: ImageRegistrar, username: &str) -> Arc<Self> {
        Arc::new(Self { docker, registrar, username: username.to_owned(), state: Mutex::default() })
    }

    /// Removes the names of images that were passed. The sandbox's containers have to be gone.
    pub(super) async fn forget(&self) {
        let names = std::mem::take(&mut self.state().names);
        for name in names {
            if let Err(error) = self.docker.remove_image(&name).await {
                tracing::warn!(%error, name, "an image of the sandbox could not be removed");
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, HandoverState> {
        lock(&self.state)
    }
}

impl NameImages for Handover {
    fn tag_image<'a>(&'a self, source: &'a str, target: &'a str) -> BoxFuture<'a, Result<(), DockerError>> {
        self.docker.tag_image(source, target)
    }

    /// Keeps the names of images that were passed: without them the daemon would remove the images.
    fn remove_image<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<(), DockerError>> {
        Box::pin(async move {
            if self.state().names.iter().any(|name| name == reference) {
                return Ok(());
            }
            self.docker.remove_image(reference).await
        })
    }
}

impl PushImages for Handover {
    fn push<'a>(
        &'a self,
        push: &'a ImagePush,
        _events: &'a mut (dyn FnMut(PushEvent) + Send),
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Pushed, DockerError>> {
        Box::pin(async move {
            if cancelled.is_cancelled() {
                return Err(DockerError::Cancelled);
            }
            let reference = format!("{}:{}", push.repository, push.tag);
            let image = self.docker.inspect_image(&reference).await?;
            let failed = |message: String| DockerError::Daemon {
                attempted: format!("pass {reference} to the sandbox"),
                status: None,
                message,
            };
            let digest: ImageDigest =
                image.id.parse().map_err(|error| failed(format!("the image's id is not a digest: {error}")))?;
            self.state().names.push(reference.clone());
            let model = push.repository.split_once('/').map_or(push.repository.as_str(), |(_host, model)| model);
            self.registrar.register(model, &image.id).await.map_err(|error| failed(error.to_string()))?;
            // Nothing is sent, so there is no manifest: the image's id takes the place of its digest.
            let manifest =
                Manifest { digest: digest.clone(), config: digest.clone(), layers: image.diff_ids, size_bytes: image.size_bytes };
            self.state().manifests.insert(digest.as_str().to_owned(), manifest);
            Ok(Pushed { digest, manifest_bytes: 0 })
        })
    }
}

impl Registry for Handover {
    fn manifest<'a>(&'a self, _repository: &'a str, reference: &'a str) -> BoxFuture<'a, Result<Option<Manifest>, RegistryError>> {
        Box::pin(async move { Ok(self.state().manifests.get(reference).cloned()) })
    }

    fn verify_token<'a>(&'a self, _token: &'a SecretString) -> BoxFuture<'a, Result<String, RegistryError>> {
        Box::pin(async move { Ok(self.username.clone()) })
    }
}
