//! Manifests in Docker's and OCI's format, alone or in an index.

use serde::Deserialize;

use super::stored::StoredManifest;
use crate::domain::identity::ImageDigest;

/// The supported formats, in order of preference.
pub(super) const ACCEPT: &str = "application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";

/// The manifest of an image, as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its digest, computed from the response.
    pub digest: ImageDigest,
    /// The digest of the image's configuration.
    pub config: ImageDigest,
    /// The digests of the layers, in order.
    pub layers: Vec<ImageDigest>,
    /// Total size of the layers as the manifest declares it, in bytes.
    pub size_bytes: u64,
}

/// A document that a registry can return.
#[derive(Debug)]
pub(super) enum ManifestDocument {
    Image(Manifest),
    /// The digest of the entry for linux/amd64.
    Index(ImageDigest),
}

#[derive(Deserialize)]
struct WireManifest {
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<IndexEntry>>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: ImageDigest,
    #[serde(default)]
    size: u64,
}

#[derive(Deserialize)]
struct IndexEntry {
    digest: ImageDigest,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    os: String,
    architecture: String,
}

/// Parses a document.
pub(super) fn read(stored: &StoredManifest) -> Result<ManifestDocument, String> {
    let digest = stored.digest.clone();
    let wire: WireManifest = serde_json::from_slice(&stored.bytes).map_err(|error| error.to_string())?;
    match wire {
        WireManifest { config: Some(config), layers: Some(layers), .. } => Ok(ManifestDocument::Image(Manifest {
            digest,
            config: config.digest,
            // The sizes come from the registry and may be anything.
            size_bytes: layers.iter().fold(0, |sum: u64, layer| sum.saturating_add(layer.size)),
            layers: layers.into_iter().map(|layer| layer.digest).collect(),
        })),
        WireManifest { manifests: Some(entries), .. } => entries
            .into_iter()
            .find(|entry| {
                entry.platform.as_ref().is_some_and(|platform| platform.os == "linux" && platform.architecture == "amd64")
            })
            .map(|entry| ManifestDocument::Index(entry.digest))
            .ok_or_else(|| "the index has no image for linux/amd64".to_owned()),
        _ => Err("it is neither a manifest nor an index".to_owned()),
    }
}
