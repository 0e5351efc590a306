//! Parses manifests: their type, the blobs they need and the labels of the image.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::digest::Digest;
use super::errors::RegistryError;

/// The specification's limit on what a registry has to accept.
pub(super) const MAX_MANIFEST_BYTES: usize = 4 * 1024 * 1024;
const MAX_REFERENCES: usize = 10_000;

pub(super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(super) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A parsed manifest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) media_type: String,
    pub(super) content: Content,
}

/// An image or a list of images.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Image { config: Digest, layers: Vec<Digest> },
    Index { manifests: Vec<Digest> },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawManifest {
    schema_version: u32,
    media_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    /// Where to fetch a layer that must not be distributed. Such a layer is not pushed.
    #[serde(default)]
    urls: Vec<String>,
}

#[derive(Deserialize)]
struct ImageConfig {
    config: Option<ContainerConfig>,
}

#[derive(Deserialize)]
struct ContainerConfig {
    #[serde(rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

impl Manifest {
    /// Parses a manifest that was sent as `content_type`.
    pub(super) fn parse(body: &[u8], content_type: Option<&str>) -> Result<Self, RegistryError> {
        let raw: RawManifest = serde_json::from_slice(body).map_err(|cause| invalid(&format!("not a manifest: {cause}")))?;
        if raw.schema_version != 2 {
            return Err(invalid("only manifests of schema version 2 are accepted"));
        }
        let sent_as = content_type.map(|value| value.split(';').next().unwrap_or_default().trim().to_owned());
        if let (Some(sent), Some(own)) = (&sent_as, &raw.media_type)
            && sent != own
        {
            return Err(invalid(&format!("sent as {sent}, but its mediaType is {own}")));
        }
        let is_index = raw.manifests.is_some();
        let assumed = if is_index { OCI_INDEX } else { OCI_MANIFEST };
        let media_type = sent_as.or(raw.media_type).unwrap_or_else(|| assumed.to_owned());
        match (media_type.as_str(), is_index) {
            (OCI_MANIFEST | DOCKER_MANIFEST, false) | (OCI_INDEX | DOCKER_LIST, true) => {}
            _ => return Err(invalid(&format!("the content is not a {media_type}"))),
        }
        let content = if let Some(manifests) = raw.manifests {
            Content::Index { manifests: digests(&manifests)? }
        } else {
            let config = raw.config.ok_or_else(|| invalid("it has no config"))?;
            Content::Image { config: config.digest.parse()?, layers: digests(&raw.layers.unwrap_or_default())? }
        };
        Ok(Self { media_type, content })
    }
}

/// The labels in an image's configuration. Empty if it is not one.
pub(super) fn labels(config: &[u8]) -> BTreeMap<String, String> {
    serde_json::from_slice::<ImageConfig>(config).ok().and_then(|image| image.config?.labels).unwrap_or_default()
}

fn digests(descriptors: &[Descriptor]) -> Result<Vec<Digest>, RegistryError> {
    if descriptors.len() > MAX_REFERENCES {
        return Err(invalid(&format!("more than {MAX_REFERENCES} entries")));
    }
    descriptors.iter().filter(|descriptor| descriptor.urls.is_empty()).map(|one| Ok(one.digest.parse()?)).collect()
}

fn invalid(reason: &str) -> RegistryError {
    RegistryError::ManifestInvalid(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest(letter: char) -> String {
        format!("sha256:{}", letter.to_string().repeat(64))
    }

    fn parse(value: &serde_json::Value, content_type: Option<&str>) -> Result<Manifest, RegistryError> {
        Manifest::parse(value.to_string().as_bytes(), content_type)
    }

    #[test]
    fn both_families_of_media_types_are_read() {
        let image = json!({"schemaVersion": 2, "config": {"digest": digest('a')}, "layers": [{"digest": digest('b')}]});
        let index = json!({"schemaVersion": 2, "manifests": [{"digest": digest('a')}]});
        for kind in [OCI_MANIFEST, DOCKER_MANIFEST] {
            let manifest = parse(&image, Some(kind)).unwrap();
            assert_eq!(manifest.media_type, kind);
            assert!(matches!(manifest.content, Content::Image { layers, .. } if layers.len() == 1));
            assert!(parse(&index, Some(kind)).is_err());
        }
        for kind in [OCI_INDEX, DOCKER_LIST] {
            assert!(matches!(parse(&index, Some(kind)).unwrap().content, Content::Index { manifests } if manifests.len() == 1));
            assert!(parse(&image, Some(kind)).is_err());
        }
        assert_eq!(parse(&image, None).unwrap().media_type, OCI_MANIFEST);
    }

    #[test]
    fn layers_to_be_had_elsewhere_are_not_demanded() {
        let image = json!({"schemaVersion": 2, "config": {"digest": digest('a')},
            "layers": [{"digest": digest('b'), "urls": ["https://example.com/layer"]}]});
        assert!(matches!(parse(&image, None).unwrap().content, Content::Image { layers, .. } if layers.is_empty()));
    }

    #[test]
    fn nonsense_is_refused() {
        let cases = [
            json!({"schemaVersion": 1, "config": {"digest": digest('a')}}),
            json!({"schemaVersion": 2}),
            json!({"schemaVersion": 2, "config": {"digest": "sha256:short"}}),
            json!({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": {"digest": digest('a')}, "layers": []}),
            json!([]),
        ];
        for case in cases {
            assert!(parse(&case, Some(OCI_MANIFEST)).is_err(), "{case}");
        }
    }

    #[test]
    fn labels_may_be_absent_null_or_there() {
        let cases = [("{}", 0), (r#"{"config":{"Labels":null}}"#, 0), (r#"{"config":{"Labels":{"a":"b"}}}"#, 1), ("no json", 0)];
        for (config, count) in cases {
            assert_eq!(labels(config.as_bytes()).len(), count, "{config}");
        }
    }
}
