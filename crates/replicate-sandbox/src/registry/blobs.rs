//! The content store: files on disk, each named by the digest of its bytes, shared by all repositories.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::{self, File};
use tokio::io::AsyncReadExt as _;

use super::digest::Digest;

pub(super) struct BlobStore {
    folder: PathBuf,
}

impl BlobStore {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join("sha256").join(digest.hex())
    }

    /// A path for content that is not finished.
    pub(super) async fn partial(&self) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.folder).await?;
        Ok(self.folder.join(uuid::Uuid::new_v4().to_string()))
    }

    /// Moves a finished file into the store. The caller has computed its digest while writing.
    pub(super) async fn adopt(&self, file: &Path, digest: &Digest) -> io::Result<()> {
        let target = self.path(digest);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).await?;
        }
        fs::rename(file, target).await
    }

    /// Stores small content, such as a manifest.
    pub(super) async fn put(&self, content: &[u8], digest: &Digest) -> io::Result<()> {
        let target = self.path(digest);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).await?;
        }
        // Written under a unique name first, so that readers never see half a file.
        let partial = self.partial().await?;
        fs::write(&partial, content).await?;
        fs::rename(partial, target).await
    }

    /// The content, for streaming, and its size.
    pub(super) async fn open(&self, digest: &Digest) -> io::Result<(File, u64)> {
        let file = File::open(self.path(digest)).await?;
        let size = file.metadata().await?.len();
        Ok((file, size))
    }

    /// The whole content. `None` if it has more than `limit` bytes.
    pub(super) async fn read(&self, digest: &Digest, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let (file, _) = self.open(digest).await?;
        let mut content = Vec::new();
        file.take(limit as u64 + 1).read_to_end(&mut content).await?;
        Ok((content.len() <= limit).then_some(content))
    }
}
