//! The blobs, manifests and tags of each repository.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use std::sync::RwLock;

use super::digest::Digest;
use crate::locks::{read, write};

#[derive(Debug, Default)]
pub(super) struct Repositories {
    by_name: RwLock<HashMap<String, Contents>>,
}

#[derive(Debug, Default)]
struct Contents {
    blobs: BTreeSet<Digest>,
    /// Blobs that are shown, but do not count for manifests.
    unusable: BTreeSet<Digest>,
    /// Media type by digest.
    manifests: BTreeMap<Digest, String>,
    tags: BTreeMap<String, Digest>,
}

impl Repositories {
    pub(super) fn link_blob(&self, repository: &str, digest: Digest) {
        let mut by_name = write(&self.by_name);
        let contents = by_name.entry(repository.to_owned()).or_default();
        contents.unusable.remove(&digest);
        contents.blobs.insert(digest);
    }

    /// Shows a blob that a manifest cannot name.
    pub(super) fn link_unusable_blob(&self, repository: &str, digest: Digest) {
        self.link_blob(repository, digest.clone());
        write(&self.by_name).entry(repository.to_owned()).or_default().unusable.insert(digest);
    }

    /// Whether a manifest may name a blob.
    pub(super) fn has_usable_blob(&self, repository: &str, digest: &Digest) -> bool {
        let is_usable = |contents: &Contents| contents.blobs.contains(digest) && !contents.unusable.contains(digest);
        read(&self.by_name).get(repository).is_some_and(is_usable)
    }

    pub(super) fn has_blob(&self, repository: &str, digest: &Digest) -> bool {
        read(&self.by_name).get(repository).is_some_and(|contents| contents.blobs.contains(digest))
    }

    pub(super) fn link_manifest<'a>(
        &self,
        repository: &str,
        digest: Digest,
        media_type: String,
        tags: impl IntoIterator<Item = &'a String>,
    ) {
        let mut by_name = write(&self.by_name);
        let contents = by_name.entry(repository.to_owned()).or_default();
        contents.tags.extend(tags.into_iter().map(|tag| (tag.clone(), digest.clone())));
        contents.manifests.insert(digest, media_type);
    }

    pub(super) fn has_manifest(&self, repository: &str, digest: &Digest) -> bool {
        read(&self.by_name).get(repository).is_some_and(|contents| contents.manifests.contains_key(digest))
    }

    /// The digest and media type of the manifest under a tag or digest.
    pub(super) fn manifest(&self, repository: &str, reference: &str) -> Option<(Digest, String)> {
        let by_name = read(&self.by_name);
        let contents = by_name.get(repository)?;
        let digest = reference.parse().ok().or_else(|| contents.tags.get(reference).cloned())?;
        let media_type = contents.manifests.get(&digest)?.clone();
        Some((digest, media_type))
    }

    /// The tags in order, or only those after `last`.
    pub(super) fn tags(&self, repository: &str, last: Option<&str>) -> Vec<String> {
        let by_name = read(&self.by_name);
        let Some(contents) = by_name.get(repository) else { return Vec::new() };
        contents.tags.keys().filter(|tag| last.is_none_or(|last| tag.as_str() > last)).cloned().collect()
    }
}
