//! Images in the sandbox's registry, as a push makes them.

use bytes::Bytes;
use safe_push::clients::registry::{RealRegistry, RegistryWriter as _, StoredManifest};
use safe_push::domain::identity::ImageDigest;
use serde_json::{Value, json};

/// Puts an image under `latest` of a repository. Returns its manifest and its layers.
pub(crate) async fn put_image(
    registry: &RealRegistry,
    repository: &str,
    labels: &Value,
    layers: &[Vec<u8>],
    media_type: &str,
) -> (StoredManifest, Vec<ImageDigest>) {
    let config = json!({ "architecture": "amd64", "os": "linux", "config": { "Labels": labels }, "moby.extra": [1, 2] });
    let config = registry.put_blob(repository, Bytes::from(config.to_string())).await.unwrap();
    let mut descriptors = Vec::new();
    for layer in layers {
        let blob = registry.put_blob(repository, Bytes::from(layer.clone())).await.unwrap();
        descriptors.push(json!({ "mediaType": media_type, "digest": blob.digest.as_str(), "size": blob.size_bytes }));
    }
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": config.digest.as_str(),
            "size": config.size_bytes,
        },
        "layers": descriptors,
    });
    let manifest = StoredManifest::new(None, Bytes::from(manifest.to_string()));
    registry.put_manifest(repository, "latest", &manifest).await.unwrap();
    let layers = descriptors.iter().map(|layer| layer["digest"].as_str().unwrap().parse().unwrap()).collect();
    (manifest, layers)
}
