//! A file while and after it is downloaded. Its hash is computed on the way, so that files of any size can be compared; its content is kept
//! up to a limit, large ones on disk. What is on disk has no name there, so nothing is left behind even by a process that is killed.

use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::clients::replicate::ReplicateFailure;

/// Longer contents are kept on disk.
const MEMORY_BYTES: usize = 256 * 1024;

/// How much of the beginning is kept of every file: enough to detect what it is.
const BEGINNING_BYTES: usize = 8 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadLimits {
    /// The most that is read. A longer file is an error.
    pub read_bytes: u64,
    /// The most that is kept. Of a longer file, only the beginning, the size and the hash are kept.
    pub keep_bytes: u64,
    /// The accepted content types, as prefixes: `image/`, `application/json`. Empty: any. A host that reports no type, or only
    /// `application/octet-stream`, is accepted.
    pub types: Vec<String>,
}

impl DownloadLimits {
    /// Any type, up to this many bytes, all of them kept.
    pub fn of_bytes(bytes: u64) -> Self {
        Self { read_bytes: bytes, keep_bytes: bytes, types: Vec::new() }
    }
}

/// A downloaded file. Two are equal if their contents and types are.
#[derive(Debug, Clone)]
pub struct Download {
    pub size_bytes: u64,
    pub sha256: [u8; 32],
    /// The first bytes, at most 8 KiB.
    pub beginning: Bytes,
    /// Its content type as reported by the host, without parameters.
    pub content_type: Option<String>,
    content: KeptContent,
}

#[derive(Debug, Clone)]
enum KeptContent {
    Memory(Bytes),
    Disk(Arc<std::fs::File>),
    /// Longer than what is kept.
    Dropped,
}

impl PartialEq for Download {
    fn eq(&self, other: &Self) -> bool {
        (self.sha256, &self.content_type) == (other.sha256, &other.content_type)
    }
}

impl Eq for Download {}

impl Download {
    /// A file in memory.
    pub fn of_bytes(bytes: Bytes, content_type: Option<String>) -> Self {
        Self {
            size_bytes: bytes.len() as u64,
            sha256: Sha256::digest(&bytes).into(),
            beginning: bytes.slice(..bytes.len().min(BEGINNING_BYTES)),
            content_type,
            content: KeptContent::Memory(bytes),
        }
    }

    /// The whole content, or `None` if the file is longer than what was kept. Reads a large file from the disk, so it may take a while.
    ///
    /// # Errors
    ///
    /// Returns the disk's error.
    pub fn read(&self) -> io::Result<Option<Bytes>> {
        match &self.content {
            KeptContent::Memory(bytes) => Ok(Some(bytes.clone())),
            KeptContent::Dropped => Ok(None),
            KeptContent::Disk(file) => {
                let size = usize::try_from(self.size_bytes).map_err(io::Error::other)?;
                let mut bytes = vec![0; size];
                file.read_exact_at(&mut bytes, 0)?;
                Ok(Some(bytes.into()))
            }
        }
    }

    /// What the download of a file that is too long to keep returns.
    #[cfg(test)]
    pub(crate) fn dropped(self) -> Self {
        Self { content: KeptContent::Dropped, ..self }
    }

    /// Whether the whole content was kept.
    pub fn is_kept(&self) -> bool {
        !matches!(self.content, KeptContent::Dropped)
    }
}

/// A file that is being downloaded.
pub(super) struct Receiver<'a> {
    limits: &'a DownloadLimits,
    hash: Sha256,
    size_bytes: u64,
    beginning: BytesMut,
    memory: BytesMut,
    disk: Option<tokio::fs::File>,
}

impl<'a> Receiver<'a> {
    pub(super) fn new(limits: &'a DownloadLimits) -> Self {
        let (beginning, memory) = (BytesMut::new(), BytesMut::new());
        Self { limits, hash: Sha256::new(), size_bytes: 0, beginning, memory, disk: None }
    }

    /// Takes the next bytes.
    pub(super) async fn push(&mut self, chunk: &[u8]) -> Result<(), ReplicateFailure> {
        self.size_bytes += chunk.len() as u64;
        if self.size_bytes > self.limits.read_bytes {
            return Err(ReplicateFailure::TooLarge { limit_bytes: self.limits.read_bytes });
        }
        self.hash.update(chunk);
        let missing = BEGINNING_BYTES.saturating_sub(self.beginning.len()).min(chunk.len());
        self.beginning.extend_from_slice(&chunk[..missing]);
        if self.size_bytes > self.limits.keep_bytes {
            self.memory = BytesMut::new();
            self.disk = None;
            return Ok(());
        }
        if self.disk.is_none() && self.memory.len() + chunk.len() <= MEMORY_BYTES {
            self.memory.extend_from_slice(chunk);
            return Ok(());
        }
        self.write(chunk).await.map_err(|cause| ReplicateFailure::NotKept { cause: cause.to_string() })
    }

    async fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        let disk = match &mut self.disk {
            Some(disk) => disk,
            None => self.disk.insert(tokio::fs::File::from_std(tempfile::tempfile()?)),
        };
        if !self.memory.is_empty() {
            disk.write_all(&std::mem::take(&mut self.memory)).await?;
        }
        disk.write_all(chunk).await
    }

    /// The file, once all of it was taken.
    pub(super) async fn finish(mut self, content_type: Option<String>) -> Result<Download, ReplicateFailure> {
        let content = match self.disk.take() {
            _ if self.size_bytes > self.limits.keep_bytes => KeptContent::Dropped,
            None => KeptContent::Memory(self.memory.freeze()),
            Some(mut disk) => {
                disk.flush().await.map_err(|cause| ReplicateFailure::NotKept { cause: cause.to_string() })?;
                KeptContent::Disk(Arc::new(disk.into_std().await))
            }
        };
        let (sha256, beginning) = (self.hash.finalize().into(), self.beginning.freeze());
        Ok(Download { size_bytes: self.size_bytes, sha256, beginning, content_type, content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn received(bytes: &[u8], limits: &DownloadLimits) -> Result<Download, ReplicateFailure> {
        let mut receiver = Receiver::new(limits);
        for chunk in bytes.chunks(100_000) {
            receiver.push(chunk).await?;
        }
        receiver.finish(None).await
    }

    #[tokio::test]
    async fn content_is_kept_in_memory_on_disk_or_not_at_all() {
        let limits = DownloadLimits { keep_bytes: 600_000, ..DownloadLimits::of_bytes(1_000_000) };
        for (size, is_kept, is_on_disk) in
            [(0, true, false), (1, true, false), (MEMORY_BYTES, true, false), (600_000, true, true), (600_001, false, false)]
        {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let file = received(&bytes, &limits).await.unwrap();
            let on_disk = matches!(file.content, KeptContent::Disk(_));
            assert_eq!((file.size_bytes, file.is_kept(), on_disk), (size as u64, is_kept, is_on_disk));
            assert_eq!(file.read().unwrap().as_deref(), is_kept.then_some(&bytes[..]));
            assert_eq!(file.beginning, bytes[..size.min(BEGINNING_BYTES)]);
            assert_eq!(file, Download::of_bytes(bytes.into(), None));
        }
    }

    #[tokio::test]
    async fn a_longer_file_than_may_be_read_is_an_error() {
        let limits = DownloadLimits { keep_bytes: 10, ..DownloadLimits::of_bytes(300_000) };
        let error = received(&[0; 300_001], &limits).await.unwrap_err();
        assert!(matches!(error, ReplicateFailure::TooLarge { limit_bytes: 300_000 }), "{error}");
    }
}
