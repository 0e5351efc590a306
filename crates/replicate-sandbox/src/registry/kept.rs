//! Layers that outlive a sandbox: a daemon compresses and sends a base image once, and not again to each new sandbox.
//!
//! Before a daemon sends a layer that it once sent anywhere, it asks by that digest
//! (`docs/reference/docker-daemons.md`). A registry that has the layer already takes it as pushed.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tokio::fs;
use tokio::io::AsyncReadExt as _;
use uuid::Uuid;

use super::blobs::BlobStore;
use super::digest::Digest;

/// Smaller layers are sent faster than they are worth keeping.
const LEAST_BYTES: u64 = 1024 * 1024;

const READ_BYTES: usize = 1024 * 1024;

/// A folder with a file per layer, named by its digest. Several sandboxes may use it at the same time.
pub(super) struct KeptLayers {
    folder: PathBuf,
}

impl KeptLayers {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Keeps a layer of the store if it is large enough. What cannot be kept is only sent again.
    pub(super) async fn keep(&self, digest: &Digest, blobs: &BlobStore) {
        if let Err(cause) = self.try_keep(digest, &blobs.path(digest)).await {
            tracing::warn!(%cause, %digest, folder = %self.folder.display(), "failed to keep a layer");
        }
    }

    async fn try_keep(&self, digest: &Digest, file: &Path) -> io::Result<()> {
        let target = self.folder.join(digest.hex());
        if fs::metadata(file).await?.len() < LEAST_BYTES || fs::try_exists(&target).await? {
            return Ok(());
        }
        fs::create_dir_all(&self.folder).await?;
        let partial = self.folder.join(format!("{}.partial", Uuid::new_v4()));
        fs::copy(file, &partial).await?;
        fs::rename(&partial, &target).await
    }

    /// Brings a kept layer into the store. Returns whether there is one with that content.
    pub(super) async fn restore(&self, digest: &Digest, blobs: &BlobStore) -> io::Result<bool> {
        let kept = self.folder.join(digest.hex());
        if !fs::try_exists(&kept).await? {
            return Ok(false);
        }
        let partial = blobs.partial().await?;
        fs::copy(&kept, &partial).await?;
        if digest_of(&partial).await? != *digest {
            fs::remove_file(&partial).await?;
            tracing::warn!(%digest, file = %kept.display(), "a kept layer does not have its digest; remove it");
            return Ok(false);
        }
        blobs.adopt(&partial, digest).await?;
        Ok(true)
    }
}

async fn digest_of(file: &Path) -> io::Result<Digest> {
    let mut file = fs::File::open(file).await?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; READ_BYTES]);
    loop {
        let read = file.read(&mut buffer).await?;
        if read == 0 {
            return Ok(Digest::finish(hasher));
        }
        hasher.update(&buffer[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn large_layers_are_kept_and_restored_and_changed_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptLayers::new(folder.path().join("kept"));
        let store = |name: &str| BlobStore::new(folder.path().join(name));
        let (first, second, third) = (store("first"), store("second"), store("third"));
        let large = vec![7; LEAST_BYTES as usize];
        let (large_digest, small_digest) = (Digest::of(&large), Digest::of(b"small"));
        first.put(&large, &large_digest).await.unwrap();
        first.put(b"small", &small_digest).await.unwrap();
        for digest in [&large_digest, &small_digest] {
            kept.keep(digest, &first).await;
        }
        assert!(kept.restore(&large_digest, &second).await.unwrap());
        assert_eq!(second.read(&large_digest, large.len()).await.unwrap(), Some(large));
        assert!(!kept.restore(&small_digest, &second).await.unwrap());

        fs::write(folder.path().join("kept").join(large_digest.hex()), "something else").await.unwrap();
        assert!(!kept.restore(&large_digest, &third).await.unwrap());
        assert!(third.open(&large_digest).await.is_err());
    }
}
