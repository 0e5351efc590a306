//! Layers that the registry has in other repositories are mounted before the daemon pushes.
//!
//! A daemon with the containerd store tries to mount from one repository alone, the alphabetically last of those in which it ever saw a
//! layer. If that one was deleted, or belongs to another registry on the same host, the daemon sends the layer again. It asks for every
//! layer by its digest first, so what was mounted before is not sent. Other daemons do not know the digests of packed layers before they
//! push, and choose better themselves.
//!
//! Layers are recognized by what they unpack to. Whatever fails here costs bytes, nothing else: the daemon pushes what is missing.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::clients::registry::{Blob, Mount, RegistryWriter};
use crate::domain::cleared::BuiltImage;
use crate::domain::identity::{ImageDigest, ModelRef};
use crate::publish::PublishServices;
use crate::publish::transfer::{LATEST, PARALLEL, TransferError, image_of};

/// How long the mounts may take. A push that sends everything is better than a run that waits for a registry that does not answer.
const LIMIT: Duration = Duration::from_secs(30);

/// An image in the registry that may share layers with the one that is pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelatedImage {
    repository: String,
    reference: String,
}

impl RelatedImage {
    /// The newest version of a model.
    pub fn newest(model: &ModelRef) -> Self {
        Self { repository: model.to_string(), reference: LATEST.to_owned() }
    }

    /// An image by its name, if it is in this registry: layers of others cannot be mounted.
    pub fn named(name: &str, registry_host: &str) -> Option<Self> {
        let name = name.strip_prefix(registry_host)?.strip_prefix('/')?;
        // A name with a tag and a digest is the digest's.
        let (tagged, digest) = name.split_once('@').map_or((name, None), |(name, digest)| (name, Some(digest)));
        let (repository, tag) = tagged.rsplit_once(':').unwrap_or((tagged, LATEST));
        Some(Self { repository: repository.to_owned(), reference: digest.unwrap_or(tag).to_owned() })
    }
}

/// Mounts the image's layers from related images into the model's repository, if that spares the daemon anything.
pub(super) async fn mount_known(
    image: &BuiltImage,
    related: &[RelatedImage],
    model: &ModelRef,
    services: &PublishServices,
    cancelled: &CancellationToken,
) {
    let (Some(writer), Some(daemon)) = (services.writer.as_deref(), &services.daemon) else { return };
    let to = model.to_string();
    let work = async {
        if !daemon.push.asks_for_packed_layers().await {
            return;
        }
        let known = known_layers(image, related, &to, writer).await;
        futures::stream::iter(known)
            .for_each_concurrent(PARALLEL, |(blob, from)| {
                let to = &to;
                async move { mount(writer, to, &from, &blob).await }
            })
            .await;
    };
    tokio::select! {
        biased;
        () = cancelled.cancelled() => {}
        outcome = timeout(LIMIT, work) => {
            if outcome.is_err() {
                tracing::debug!("the registry did not mount known layers in time");
            }
        }
    }
}

async fn mount(writer: &dyn RegistryWriter, to: &str, from: &str, blob: &Blob) {
    if writer.has_blob(to, &blob.digest).await.unwrap_or(false) {
        return;
    }
    if let Mount::Refused(reason) = writer.mount(to, from, &blob.digest).await {
        tracing::debug!(digest = %blob.digest, from, reason, "a known layer was not mounted");
    }
}

/// Layers of the image that other repositories have, each once, with one of these repositories.
async fn known_layers(image: &BuiltImage, related: &[RelatedImage], to: &str, writer: &dyn RegistryWriter) -> Vec<(Blob, String)> {
    let mut known: BTreeMap<ImageDigest, (Blob, String)> = BTreeMap::new();
    for RelatedImage { repository, reference } in related.iter().filter(|related| related.repository != to) {
        match unpacked(repository, reference, writer).await {
            Ok(layers) => {
                let shared = layers.into_iter().filter(|(diff_id, _)| image.diff_ids.contains(diff_id));
                for (diff_id, blob) in shared {
                    known.entry(diff_id).or_insert_with(|| (blob, repository.clone()));
                }
            }
            Err(error) => tracing::debug!(?error, repository, "the layers of a related image are not known"),
        }
    }
    known.into_values().collect()
}

/// The layers of an image by what they unpack to.
async fn unpacked(
    repository: &str,
    reference: &str,
    writer: &dyn RegistryWriter,
) -> Result<Vec<(ImageDigest, Blob)>, TransferError> {
    let manifest = image_of(reference, repository, writer).await?;
    let config = writer.small_blob(repository, &manifest.config).await?;
    let diff_ids = serde_json::from_slice(&config).ok().and_then(|config| manifest.diff_ids(&config)).unwrap_or_default();
    Ok(diff_ids.into_iter().zip(manifest.layers).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_this_registry_are_told_from_others() {
        let named = |name: &str| RelatedImage::named(name, "r8.im").map(|image| (image.repository, image.reference));
        let some = |repository: &str, reference: &str| Some((repository.to_owned(), reference.to_owned()));
        assert_eq!(named("r8.im/cog-base:python3.11"), some("cog-base", "python3.11"));
        assert_eq!(named("r8.im/acme/hotdog"), some("acme/hotdog", "latest"));
        assert_eq!(named("r8.im/cog-base:python3.11@sha256:1234"), some("cog-base", "sha256:1234"));
        for other in ["python:3.11-slim", "r8.im.example.com/cog-base:x", "nvidia/cuda:12", "r8.im"] {
            assert_eq!(named(other), None, "{other}");
        }
        assert_eq!(RelatedImage::named("127.0.0.1:5000/a/b:c", "127.0.0.1:5000").unwrap().reference, "c");
    }
}
