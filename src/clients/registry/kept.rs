//! Manifests and configurations that a run has read, by their digests, which always name the same content. Several stages read the same
//! ones.
//!
//! Only what the registry answered is kept, so asking for a manifest that was just put still asks the registry.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;

use super::stored::StoredManifest;
use crate::domain::identity::ImageDigest;
use crate::support::locks::lock;

/// Larger documents are not kept.
const MAX_KEPT_BYTES: usize = 1024 * 1024;

/// More documents are not kept.
const MAX_KEPT: usize = 64;

#[derive(Debug, Default)]
pub(super) struct KeptDocuments {
    manifests: Mutex<ByDigest<StoredManifest>>,
    blobs: Mutex<ByDigest<Bytes>>,
}

/// By repository and digest.
type ByDigest<T> = BTreeMap<(String, ImageDigest), T>;

impl KeptDocuments {
    pub(super) fn manifest(&self, repository: &str, digest: &ImageDigest) -> Option<StoredManifest> {
        lock(&self.manifests).get(&key(repository, digest)).cloned()
    }

    pub(super) fn keep_manifest(&self, repository: &str, manifest: &StoredManifest) {
        keep(&self.manifests, key(repository, &manifest.digest), manifest, manifest.bytes.len());
    }

    pub(super) fn blob(&self, repository: &str, digest: &ImageDigest) -> Option<Bytes> {
        lock(&self.blobs).get(&key(repository, digest)).cloned()
    }

    pub(super) fn keep_blob(&self, repository: &str, digest: &ImageDigest, content: &Bytes) {
        keep(&self.blobs, key(repository, digest), content, content.len());
    }
}

fn key(repository: &str, digest: &ImageDigest) -> (String, ImageDigest) {
    (repository.to_owned(), digest.clone())
}

fn keep<T: Clone>(kept: &Mutex<ByDigest<T>>, key: (String, ImageDigest), document: &T, size_bytes: usize) {
    let mut kept = lock(kept);
    if size_bytes <= MAX_KEPT_BYTES && kept.len() < MAX_KEPT {
        kept.insert(key, document.clone());
    }
}
