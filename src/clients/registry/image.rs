//! An image manifest that is published again: all its fields kept, with another configuration.
//!
//! The types of the crate `oci-spec` would lose fields that they do not know (BuildKit's in a configuration, for example) and do not know
//! Docker's media types, which most daemons push. So both documents stay JSON, and only what changes is changed.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::stored::{StoredManifest, digest_of};
use crate::domain::identity::ImageDigest;

const MANIFESTS: [&str; 2] = ["application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json"];
const INDEXES: [&str; 2] = ["application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.oci.image.index.v1+json"];
const CONFIGS: [&str; 2] = ["application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json"];
/// Layers that every registry and every host of Replicate's is known to take. Others, such as those compressed with zstd and those to be
/// fetched elsewhere, are left to the daemon.
const LAYERS: [&str; 4] = [
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
];

/// A manifest that cannot be published again as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unsupported(String);

/// A blob of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Blob {
    pub digest: ImageDigest,
    pub size_bytes: u64,
}

impl Blob {
    /// The blob with this content.
    pub fn of(content: &[u8]) -> Self {
        Self { digest: digest_of(content), size_bytes: content.len() as u64 }
    }
}

/// A document that a version can consist of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredContent {
    Image(ImageManifest),
    /// An index with one image, for linux/amd64, beside what is said about it: attestations.
    IndexOf(ImageDigest),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageManifest {
    document: Map<String, Value>,
    media_type: String,
    /// The image's configuration.
    pub config: Blob,
    /// The layers, in order.
    pub layers: Vec<Blob>,
}

impl StoredManifest {
    /// Reads the document.
    ///
    /// # Errors
    /// [`Unsupported`] for an index of several images, and for media types that are not an image's.
    pub fn content(&self) -> Result<StoredContent, Unsupported> {
        let value: Value = serde_json::from_slice(&self.bytes).map_err(|error| unsupported(format!("it is not JSON: {error}")))?;
        let Value::Object(document) = value else { return Err(unsupported("it is not an object")) };
        let media_type = self.media_type.as_str();
        if INDEXES.contains(&media_type) {
            return index(&document).map(StoredContent::IndexOf);
        }
        if !MANIFESTS.contains(&media_type) {
            return Err(unsupported(format!("its media type is {media_type}")));
        }
        let config = blob(document.get("config"), &CONFIGS, "its configuration")?;
        let layers = document.get("layers").and_then(Value::as_array).ok_or_else(|| unsupported("it has no layers"))?;
        let number_and_layer = (1..).zip(layers);
        let layers = number_and_layer
            .map(|(number, layer)| blob(Some(layer), &LAYERS, &format!("layer {number}")))
            .collect::<Result<_, _>>()?;
        Ok(StoredContent::Image(ImageManifest { media_type: self.media_type.clone(), config, layers, document }))
    }
}

impl ImageManifest {
    /// A copy of the manifest that names another configuration.
    #[must_use]
    pub fn with_config(&self, config: &Blob) -> StoredManifest {
        let mut document = self.document.clone();
        if let Some(Value::Object(descriptor)) = document.get_mut("config") {
            descriptor.insert("digest".to_owned(), json!(config.digest.as_str()));
            descriptor.insert("size".to_owned(), json!(config.size_bytes));
            // A copy of the old content.
            descriptor.remove("data");
        }
        let bytes = Bytes::from(Value::Object(document).to_string());
        StoredManifest { digest: digest_of(&bytes), media_type: self.media_type.clone(), bytes }
    }

    /// A copy of the manifest with other layers, packed with gzip, at these indices.
    #[must_use]
    pub fn with_layers(&self, replaced: &[(usize, Blob)]) -> Self {
        let mut changed = self.clone();
        let is_docker = self.media_type == MANIFESTS[0];
        let media_type = if is_docker { LAYERS[1] } else { LAYERS[3] };
        for (index, blob) in replaced {
            let descriptor = json!({ "mediaType": media_type, "size": blob.size_bytes, "digest": blob.digest.as_str() });
            if let Some(place) = changed.document.get_mut("layers").and_then(|layers| layers.get_mut(*index)) {
                *place = descriptor;
            }
            if let Some(place) = changed.layers.get_mut(*index) {
                *place = blob.clone();
            }
        }
        changed
    }

    /// What the layers unpack to, in order, as the image's configuration says. `None` if it does not speak of these layers.
    pub fn diff_ids(&self, config: &Map<String, Value>) -> Option<Vec<ImageDigest>> {
        let listed = config.get("rootfs")?.get("diff_ids")?;
        let listed: Vec<ImageDigest> = serde_json::from_value(listed.clone()).ok()?;
        (listed.len() == self.layers.len()).then_some(listed)
    }

    /// The layers' digests, in order.
    pub fn layer_digests(&self) -> Vec<ImageDigest> {
        self.layers.iter().map(|layer| layer.digest.clone()).collect()
    }
}

/// An image's configuration with a label added or changed.
pub fn with_label(config: &[u8], name: &str, value: &str) -> Result<Bytes, Unsupported> {
    let parsed: Value =
        serde_json::from_slice(config).map_err(|error| unsupported(format!("its configuration is not JSON: {error}")))?;
    let Value::Object(mut image) = parsed else { return Err(unsupported("its configuration is not an object")) };
    let container = object(image.entry("config"))?;
    object(container.entry("Labels"))?.insert(name.to_owned(), json!(value));
    Ok(Bytes::from(Value::Object(image).to_string()))
}

/// The object of an entry, which is created if it is missing.
fn object(entry: serde_json::map::Entry<'_>) -> Result<&mut Map<String, Value>, Unsupported> {
    let value = entry.or_insert(Value::Null);
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut().ok_or_else(|| unsupported("its configuration is not an image's"))
}

fn blob(descriptor: Option<&Value>, media_types: &[&str], what: &str) -> Result<Blob, Unsupported> {
    let field = |name: &str| descriptor.and_then(|descriptor| descriptor.get(name));
    let digest = field("digest").and_then(Value::as_str).and_then(|text| text.parse().ok());
    let size = field("size").and_then(Value::as_u64);
    let (Some(digest), Some(size_bytes)) = (digest, size) else {
        return Err(unsupported(format!("{what} has no sha256 digest or no size")));
    };
    match field("mediaType").and_then(Value::as_str) {
        Some(media_type) if media_types.contains(&media_type) => {}
        Some(media_type) => return Err(unsupported(format!("{what} has the media type {media_type}"))),
        None => return Err(unsupported(format!("{what} has no media type"))),
    }
    if field("urls").and_then(Value::as_array).is_some_and(|urls| !urls.is_empty()) {
        return Err(unsupported(format!("{what} is to be fetched elsewhere")));
    }
    Ok(Blob { digest, size_bytes })
}

fn index(document: &Map<String, Value>) -> Result<ImageDigest, Unsupported> {
    let entries =
        document.get("manifests").and_then(Value::as_array).ok_or_else(|| unsupported("it is an index without entries"))?;
    let platform =
        |entry: &Value, field: &str| entry.pointer(&format!("/platform/{field}")).and_then(Value::as_str).map(str::to_owned);
    let images: Vec<&Value> = entries.iter().filter(|entry| platform(entry, "os").as_deref() != Some("unknown")).collect();
    let [image] = images.as_slice() else {
        return Err(unsupported(format!("it is an index of {} images", images.len())));
    };
    let is_ours = platform(image, "os").as_deref() == Some("linux") && platform(image, "architecture").as_deref() == Some("amd64");
    let digest = image.get("digest").and_then(Value::as_str).and_then(|text| text.parse().ok());
    digest.filter(|_| is_ours).ok_or_else(|| unsupported("it is an index without an image for linux/amd64"))
}

fn unsupported(problem: impl Into<String>) -> Unsupported {
    Unsupported(problem.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    fn descriptor(media_type: &str, digit: char) -> Value {
        json!({ "mediaType": media_type, "size": 5, "digest": digest(digit), "annotations": { "kept": "yes" } })
    }

    fn stored(document: &Value) -> StoredManifest {
        StoredManifest::new(None, Bytes::from(document.to_string()))
    }

    fn image(layer: &Value) -> Value {
        json!({ "schemaVersion": 2, "mediaType": MANIFESTS[0], "config": descriptor(CONFIGS[0], 'c'), "layers": [layer], "extra": 1 })
    }

    #[test]
    fn a_new_configuration_changes_nothing_else() {
        let StoredContent::Image(manifest) = stored(&image(&descriptor(LAYERS[1], '1'))).content().unwrap() else { panic!() };
        let config = Blob::of(b"{}");
        let changed = manifest.with_config(&config);
        assert_eq!(changed.media_type, MANIFESTS[0]);
        assert_eq!(changed.digest, digest_of(&changed.bytes));
        let mut expected = image(&descriptor(LAYERS[1], '1'));
        expected["config"]["digest"] = json!(config.digest.as_str());
        expected["config"]["size"] = json!(2);
        assert_eq!(serde_json::from_slice::<Value>(&changed.bytes).unwrap(), expected);
        assert_eq!(manifest.layer_digests(), [digest('1').parse().unwrap()]);
    }

    #[test]
    fn another_layer_takes_the_place_of_one_and_the_rest_stays() {
        for (media_type, packed) in [(MANIFESTS[0], LAYERS[1]), (MANIFESTS[1], LAYERS[3])] {
            let mut document = image(&descriptor(LAYERS[0], '1'));
            document["mediaType"] = json!(media_type);
            document["layers"].as_array_mut().unwrap().push(descriptor(packed, '2'));
            let StoredContent::Image(manifest) = stored(&document).content().unwrap() else { panic!() };
            let other = Blob::of(b"other");
            let changed = manifest.with_layers(&[(1, other.clone())]).with_config(&manifest.config);
            document["layers"][1] = json!({ "mediaType": packed, "size": 5, "digest": other.digest.as_str() });
            document["config"]["size"] = json!(5);
            assert_eq!(serde_json::from_slice::<Value>(&changed.bytes).unwrap(), document);
            let StoredContent::Image(read) = changed.content().unwrap() else { panic!() };
            assert_eq!(read.layers, [manifest.layers[0].clone(), other]);
        }
    }

    #[test]
    fn a_label_is_set_and_every_other_field_stays_in_its_place() {
        let config =
            br#"{"z":1,"config":{"Labels":{"b":"1","run.cog.push_id":"old"},"Env":["A=1"]},"moby.buildkit.cache.v0":"x","a":2.5}"#;
        let changed = with_label(config, "run.cog.push_id", "new").unwrap();
        assert_eq!(String::from_utf8_lossy(&changed), String::from_utf8_lossy(config).replace("old", "new"));
        for (config, expected) in [
            ("{}", r#"{"config":{"Labels":{"l":"v"}}}"#),
            (r#"{"config":null}"#, r#"{"config":{"Labels":{"l":"v"}}}"#),
            (r#"{"config":{"Labels":null}}"#, r#"{"config":{"Labels":{"l":"v"}}}"#),
        ] {
            assert_eq!(with_label(config.as_bytes(), "l", "v").unwrap(), expected);
        }
        for config in ["", "[]", r#"{"config":1}"#, r#"{"config":{"Labels":[]}}"#] {
            assert!(with_label(config.as_bytes(), "l", "v").is_err(), "{config}");
        }
    }

    #[test]
    fn what_the_daemon_has_to_push_is_told_apart() {
        let mut elsewhere = descriptor(LAYERS[0], '1');
        elsewhere["urls"] = json!(["https://example.com/layer"]);
        let mut artifact = image(&descriptor(LAYERS[0], '1'));
        artifact["config"]["mediaType"] = json!("application/vnd.example");
        for (document, words) in [
            (image(&descriptor("application/vnd.oci.image.layer.v1.tar+zstd", '1')), "layer 1 has the media type"),
            (image(&elsewhere), "layer 1 is to be fetched elsewhere"),
            (image(&json!({ "mediaType": LAYERS[0] })), "layer 1 has no sha256 digest"),
            (image(&json!({ "digest": digest('1'), "size": 1 })), "layer 1 has no media type"),
            (artifact, "its configuration has the media type"),
            (json!({ "mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws" }), "its media type is"),
            (json!([]), "not an object"),
        ] {
            let error = stored(&document).content().unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn an_index_counts_as_the_one_image_in_it() {
        let entry = |os: &str, architecture: &str, digit| json!({ "digest": digest(digit), "platform": { "os": os, "architecture": architecture } });
        let read = |entries: &[Value]| stored(&json!({ "mediaType": INDEXES[1], "manifests": entries })).content();
        let ours = entry("linux", "amd64", '1');
        let found = StoredContent::IndexOf(digest('1').parse().unwrap());
        assert_eq!(read(&[ours.clone(), entry("unknown", "unknown", '2')]), Ok(found));
        for entries in [&[][..], &[entry("linux", "arm64", '1')], &[ours, entry("linux", "arm64", '2')]] {
            assert!(read(entries).is_err(), "{entries:?}");
        }
    }
}
