//! Upload sessions: bytes are written to a file and hashed as they arrive.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};
use tokio::fs::{self, File};
use tokio::io::{AsyncWriteExt as _, BufWriter};
use tokio::time::Instant;
use uuid::Uuid;

use super::blobs::BlobStore;
use super::digest::Digest;
use super::errors::RegistryError;
use super::fault::UploadFaults;
use super::session::{ChunkRange, location};
use crate::locks::lock;

const MAX_OPEN_UPLOADS: usize = 1024;
const MAX_BLOB_BYTES: u64 = 64 * 1024 * 1024 * 1024;
const BUFFER_BYTES: usize = 256 * 1024;
/// How long a session may go unused before it counts as abandoned.
const ABANDONED_AFTER: Duration = Duration::from_secs(60 * 60);

/// All open sessions.
pub(super) struct Uploads {
    folder: PathBuf,
    open: Mutex<HashMap<Uuid, Session>>,
    received_bytes: AtomicU64,
}

#[derive(Clone)]
struct Session {
    repository: String,
    touched: Instant,
    upload: Arc<tokio::sync::Mutex<Upload>>,
}

/// A blob being uploaded.
struct Upload {
    path: PathBuf,
    file: BufWriter<File>,
    hasher: Sha256,
    offset: u64,
}

impl Uploads {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, open: Mutex::default(), received_bytes: AtomicU64::new(0) }
    }

    pub(super) fn received_bytes(&self) -> u64 {
        self.received_bytes.load(Ordering::Relaxed)
    }

    pub(super) async fn begin(&self, repository: &str) -> Result<Uuid, RegistryError> {
        self.drop_abandoned().await;
        if lock(&self.open).len() >= MAX_OPEN_UPLOADS {
            return Err(RegistryError::TooManyUploads(MAX_OPEN_UPLOADS));
        }
        fs::create_dir_all(&self.folder).await?;
        let id = Uuid::new_v4();
        let path = self.folder.join(id.to_string());
        let file = BufWriter::with_capacity(BUFFER_BYTES, File::create_new(&path).await?);
        let upload = Upload { path, file, hasher: Sha256::new(), offset: 0 };
        let session = Session {
            repository: repository.to_owned(),
            touched: Instant::now(),
            upload: Arc::new(tokio::sync::Mutex::new(upload)),
        };
        lock(&self.open).insert(id, session);
        Ok(id)
    }

    /// The number of bytes received so far.
    pub(super) async fn offset(&self, repository: &str, id: Uuid) -> Result<u64, RegistryError> {
        Ok(self.session(repository, id)?.lock().await.offset)
    }

    /// Appends the body and returns the number of bytes received so far.
    ///
    /// A body that is cut off leaves what has arrived, so that the client can ask for the offset and continue.
    pub(super) async fn append(
        &self,
        repository: &str,
        id: Uuid,
        range: Option<ChunkRange>,
        body: Body,
        faults: &UploadFaults,
    ) -> Result<u64, RegistryError> {
        let session = self.session(repository, id)?;
        let mut upload = session.lock().await;
        if range.is_some_and(|range| range.start != upload.offset) {
            return Err(RegistryError::WrongRange { location: location(repository, id), offset: upload.offset });
        }
        let mut stream = body.into_data_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(RegistryError::BrokenBody)?;
            if upload.offset + chunk.len() as u64 > MAX_BLOB_BYTES {
                self.abort(repository, id).await?;
                return Err(RegistryError::BlobTooLarge(MAX_BLOB_BYTES));
            }
            let before = upload.offset;
            if let Err(cause) = upload.write(&chunk).await {
                // From here on, the file and the hash may differ.
                lock(&self.open).remove(&id);
                return Err(cause.into());
            }
            self.received_bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            if faults.cuts_off(before, upload.offset) {
                return Err(RegistryError::CutOff);
            }
        }
        if range.is_some_and(|range| range.end + 1 != upload.offset) {
            self.abort(repository, id).await?;
            return Err(RegistryError::SizeInvalid);
        }
        Ok(upload.offset)
    }

    /// Finishes the session. Its content becomes a blob if it has the digest that the client claims.
    pub(super) async fn finish(
        &self,
        repository: &str,
        id: Uuid,
        expected: Digest,
        blobs: &BlobStore,
    ) -> Result<Digest, RegistryError> {
        let session = self.session(repository, id)?;
        lock(&self.open).remove(&id);
        let mut upload = session.lock().await;
        let actual = Digest::finish(std::mem::take(&mut upload.hasher));
        if actual != expected {
            fs::remove_file(&upload.path).await?;
            return Err(RegistryError::DigestMismatch { expected, actual });
        }
        upload.file.flush().await?;
        blobs.adopt(&upload.path, &actual).await?;
        Ok(actual)
    }

    /// Discards the session and its bytes.
    pub(super) async fn abort(&self, repository: &str, id: Uuid) -> Result<(), RegistryError> {
        self.session(repository, id)?;
        lock(&self.open).remove(&id);
        Ok(fs::remove_file(self.folder.join(id.to_string())).await?)
    }

    /// A session exists only in the repository in which it was opened.
    fn session(&self, repository: &str, id: Uuid) -> Result<Arc<tokio::sync::Mutex<Upload>>, RegistryError> {
        let mut open = lock(&self.open);
        let session = open.get_mut(&id).filter(|session| session.repository == repository).ok_or(RegistryError::UploadUnknown)?;
        session.touched = Instant::now();
        Ok(Arc::clone(&session.upload))
    }

    async fn drop_abandoned(&self) {
        // A session in use is also held by a request, however long that takes.
        let abandoned: Vec<Uuid> = lock(&self.open)
            .extract_if(|_, session| session.touched.elapsed() > ABANDONED_AFTER && Arc::strong_count(&session.upload) == 1)
            .map(|(id, _)| id)
            .collect();
        for id in abandoned {
            if let Err(cause) = fs::remove_file(self.folder.join(id.to_string())).await {
                tracing::debug!(%cause, %id, "failed to remove an abandoned upload");
            }
        }
    }
}

impl Upload {
    async fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.file.write_all(chunk).await?;
        self.hasher.update(chunk);
        self.offset += chunk.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn abandoned_sessions_go_with_their_files() {
        let root = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(root.path().join("uploads"));
        let old = uploads.begin("o/n").await.unwrap();
        tokio::time::advance(ABANDONED_AFTER + Duration::from_secs(1)).await;
        let young = uploads.begin("o/n").await.unwrap();
        assert!(matches!(uploads.offset("o/n", old).await, Err(RegistryError::UploadUnknown)));
        assert_eq!(uploads.offset("o/n", young).await.unwrap(), 0);
        assert_eq!(std::fs::read_dir(root.path().join("uploads")).unwrap().count(), 1);
    }
}
