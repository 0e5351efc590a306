//! A manifest as a registry holds it: its bytes, under their digest and media type.

use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::domain::identity::ImageDigest;

/// The media type of a manifest that does not say its own.
const ASSUMED: &str = "application/vnd.oci.image.manifest.v1+json";

/// A manifest or an index, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredManifest {
    /// The digest of the bytes.
    pub digest: ImageDigest,
    /// The media type under which it has to be sent.
    pub media_type: String,
    /// The document.
    pub bytes: Bytes,
}

impl StoredManifest {
    /// Takes a document as it was received. Its own media type counts for more than that of the response, because it is part of the digest.
    pub fn new(sent_as: Option<&str>, bytes: Bytes) -> Self {
        let own = serde_json::from_slice::<Value>(&bytes).ok().and_then(|value| Some(value.get("mediaType")?.as_str()?.to_owned()));
        let sent_as = sent_as.map(|value| value.split(';').next().unwrap_or_default().trim().to_owned());
        let sent_as = sent_as.filter(|value| value.starts_with("application/vnd."));
        Self { digest: digest_of(&bytes), media_type: own.or(sent_as).unwrap_or_else(|| ASSUMED.to_owned()), bytes }
    }
}

/// The digest of these bytes.
pub(super) fn digest_of(bytes: &[u8]) -> ImageDigest {
    ImageDigest::of_sha256(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_own_media_type_goes_first() {
        let docker = "application/vnd.docker.distribution.manifest.v2+json";
        let own = Bytes::from(format!("{{\"mediaType\":\"{docker}\"}}"));
        assert_eq!(StoredManifest::new(Some("application/json"), own.clone()).media_type, docker);
        assert_eq!(StoredManifest::new(None, own).media_type, docker);
        let silent = Bytes::from_static(b"{}");
        assert_eq!(
            StoredManifest::new(Some("application/vnd.x+json; charset=utf-8"), silent.clone()).media_type,
            "application/vnd.x+json"
        );
        assert_eq!(StoredManifest::new(Some("text/plain"), silent).media_type, ASSUMED);
    }
}
