//! The bytes of a blob on their way into another repository: from memory, or streamed from the registry itself.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT_ENCODING, LOCATION, RANGE};
use reqwest::{Method, Response, StatusCode};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use url::Url;

use super::RegistryError;
use super::connection::Connection;
use super::image::Blob;
use super::scopes::Scopes;
use crate::domain::identity::ImageDigest;

/// Redirects to a storage service, at most.
const REDIRECTS: usize = 5;

/// How long a download may stall.
const STANDSTILL: Duration = Duration::from_secs(60);

/// A blob in a file that nobody else writes to.
#[derive(Debug, Clone)]
pub struct FileBlob {
    /// Its digest and size.
    pub blob: Blob,
    /// Its content, from the start of the file.
    pub file: Arc<File>,
}

/// Where a blob comes from.
#[derive(Debug, Clone)]
pub(super) enum BlobSource {
    /// The bytes are in memory.
    Memory(Bytes),
    File(Arc<File>),
    /// Another repository of the registry has it.
    Repository(String),
}

/// A blob that is read from its start to its end, in pieces. It can go back, when the other side lost something.
pub(super) struct BlobReader {
    connection: Arc<Connection>,
    origin: BlobSource,
    blob: Blob,
    offset: u64,
    response: Option<Response>,
    rest: BytesMut,
    hasher: Option<Sha256>,
    hashed: u64,
}

impl BlobReader {
    pub(super) fn new(connection: Arc<Connection>, origin: BlobSource, blob: Blob) -> Self {
        Self { connection, origin, blob, offset: 0, response: None, rest: BytesMut::new(), hasher: Some(Sha256::new()), hashed: 0 }
    }

    /// The position of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether everything was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.offset >= self.blob.size_bytes
    }

    /// Continues at another place.
    pub(super) fn seek(&mut self, offset: u64) {
        if offset != self.offset {
            self.offset = offset;
            self.response = None;
            self.rest.clear();
        }
    }

    /// The next bytes: `limit` of them, or fewer at the end. The last piece is returned only if the whole content has the blob's digest.
    pub(super) async fn next(&mut self, limit: usize) -> Result<Bytes, RegistryError> {
        let left = self.blob.size_bytes.saturating_sub(self.offset);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(limit);
        let piece = match &self.origin {
            BlobSource::Memory(content) => {
                let start = usize::try_from(self.offset).unwrap_or(usize::MAX).min(content.len());
                content.slice(start..content.len().min(start.saturating_add(wanted)))
            }
            BlobSource::File(file) => {
                let (file, offset) = (Arc::clone(file), self.offset);
                let reading = tokio::task::spawn_blocking(move || {
                    let mut piece = vec![0; wanted];
                    file.read_exact_at(&mut piece, offset).map(|()| piece)
                });
                let read = reading.await.map_err(std::io::Error::other).and_then(|read| read);
                Bytes::from(read.map_err(|error| self.wrong(error.to_string()))?)
            }
            BlobSource::Repository(repository) => {
                let repository = repository.clone();
                self.fill(&repository, wanted).await?;
                self.rest.split_to(wanted).freeze()
            }
        };
        if piece.len() < wanted {
            return Err(self.wrong("it is shorter than its manifest says".to_owned()));
        }
        self.hash(&piece)?;
        self.offset += piece.len() as u64;
        Ok(piece)
    }

    fn hash(&mut self, piece: &[u8]) -> Result<(), RegistryError> {
        // What was read before, and is read again after a failure, is hashed already.
        let known = usize::try_from(self.hashed.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        if let (Some(new), Some(hasher)) = (piece.get(known..), &mut self.hasher) {
            hasher.update(new);
            self.hashed += new.len() as u64;
        }
        if self.hashed < self.blob.size_bytes {
            return Ok(());
        }
        let Some(hasher) = self.hasher.take() else { return Ok(()) };
        let actual = ImageDigest::of_sha256(hasher.finalize().into());
        if actual == self.blob.digest { Ok(()) } else { Err(self.wrong(format!("its digest is {actual}"))) }
    }

    fn wrong(&self, problem: String) -> RegistryError {
        self.connection.malformed(&format!("the blob {}", self.blob.digest), problem)
    }

    /// Receives until `wanted` bytes are there.
    async fn fill(&mut self, repository: &str, wanted: usize) -> Result<(), RegistryError> {
        while self.rest.len() < wanted {
            let position = self.offset + self.rest.len() as u64;
            let mut response = match self.response.take() {
                Some(response) => response,
                None => self.open(repository, position).await?,
            };
            match timeout(STANDSTILL, response.chunk()).await {
                Ok(Ok(Some(bytes))) => {
                    self.rest.extend_from_slice(&bytes);
                    self.response = Some(response);
                }
                // The next try goes on behind what has arrived.
                Ok(Err(error)) => return Err(self.connection.unreachable(error)),
                Ok(Ok(None)) => return Err(self.cut_off("the download ended early")),
                Err(_elapsed) => return Err(self.cut_off("the download stood still")),
            }
        }
        Ok(())
    }

    fn cut_off(&self, what: &'static str) -> RegistryError {
        RegistryError::Unreachable { host: self.connection.host().to_owned(), source: what.into() }
    }

    /// A download from `position` on.
    async fn open(&self, repository: &str, position: u64) -> Result<Response, RegistryError> {
        let digest = &self.blob.digest;
        let attempted = format!("the blob {digest} of {repository}");
        let response = download(&self.connection, repository, digest, position, &attempted).await?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => Ok(response),
            StatusCode::OK if position == 0 => Ok(response),
            StatusCode::OK => skip(&self.connection, response, position, &attempted).await,
            StatusCode::NOT_FOUND => Err(missing(&self.connection, repository, digest)),
            status => Err(self.connection.refused(&attempted, status)),
        }
    }
}

pub(super) fn missing(connection: &Connection, repository: &str, digest: &ImageDigest) -> RegistryError {
    RegistryError::BlobMissing { host: connection.host().to_owned(), repository: repository.to_owned(), digest: digest.clone() }
}

/// A blob's content from `position` on, as far as the server can do that. Many registries lead to a storage service.
pub(super) async fn download(
    connection: &Connection,
    repository: &str,
    digest: &ImageDigest,
    position: u64,
    attempted: &str,
) -> Result<Response, RegistryError> {
    let mut url: Url = connection.url(&format!("v2/{repository}/blobs/{digest}"))?;
    for _ in 0..=REDIRECTS {
        let scopes = Scopes::read(repository);
        let request = connection.send_layer(&scopes, Method::GET, &url, |request| {
            // The digest is that of the bytes as they are stored.
            let request = request.header(ACCEPT_ENCODING, "identity");
            if position > 0 { request.header(RANGE, format!("bytes={position}-")) } else { request }
        });
        let Ok(response) = timeout(STANDSTILL, request).await else {
            let source = "there was no response to a download".into();
            return Err(RegistryError::Unreachable { host: connection.host().to_owned(), source });
        };
        let response = response?;
        if !response.status().is_redirection() {
            return Ok(response);
        }
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        url = connection.follow(&url, location.as_deref(), attempted)?;
    }
    Err(connection.malformed(attempted, format!("more than {REDIRECTS} redirects")))
}

/// The rest of a download by a server that knows no ranges.
async fn skip(connection: &Connection, mut response: Response, position: u64, attempted: &str) -> Result<Response, RegistryError> {
    let mut left = position;
    while left > 0 {
        let chunk = match timeout(STANDSTILL, response.chunk()).await {
            Ok(chunk) => chunk.map_err(|error| connection.unreachable(error))?,
            Err(_elapsed) => None,
        };
        let Some(chunk) = chunk else { return Err(connection.malformed(attempted, "the download ended early".to_owned())) };
        let length = chunk.len() as u64;
        if length > left {
            // Surplus bytes cannot be put back into a response.
            let rest = chunk.slice(usize::try_from(left).unwrap_or_default()..);
            return Ok(joined(rest, response));
        }
        left -= length;
    }
    Ok(response)
}

/// A response with some bytes before it.
fn joined(first: Bytes, response: Response) -> Response {
    use futures::StreamExt as _;
    let head = futures::stream::once(async move { Ok::<_, reqwest::Error>(first) });
    http::Response::new(reqwest::Body::wrap_stream(head.chain(response.bytes_stream()))).into()
}
