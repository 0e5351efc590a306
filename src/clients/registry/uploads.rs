//! Uploads of blobs, in pieces that can be sent again.
//!
//! A blob that fits into one piece is sent with the request that ends its upload. A longer one is sent in pieces of at most
//! [`PIECE_BYTES`], because proxies in front of registries limit requests, and because only a piece has to be kept in memory and repeated
//! when the connection breaks. After a failure the registry says how far it got; where it does not, the upload starts again. A registry
//! that takes no pieces gets the blob as one stream.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, RANGE};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use url::Url;

use super::RegistryError;
use super::blobs;
use super::connection::Connection;
use super::image::Blob;
use super::scopes::Scopes;
use super::session::{begin, drop_session, location};
use super::source::{BlobReader, BlobSource};

/// The usual size of a piece. Four are under way at once.
const PIECE_BYTES: u64 = 16 * 1024 * 1024;

/// The largest piece that is sent because the registry asks for large ones.
const MAX_PIECE_BYTES: u64 = 128 * 1024 * 1024;

/// The parts of a stream.
const STREAM_BYTES: usize = 256 * 1024;

/// Limit for one piece.
const PIECE_TIME: Duration = Duration::from_secs(15 * 60);

/// Uploads that are started again from nothing because the registry lost or refused what it had.
const RESTARTS: usize = 2;

const OCTETS: &str = "application/octet-stream";

/// A blob on its way into a repository.
pub(super) struct Upload<'a> {
    connection: &'a Arc<Connection>,
    repository: &'a str,
    scopes: Scopes,
    blob: &'a Blob,
    origin: BlobSource,
    /// Called with the bytes that were sent, including those that had to be sent again.
    sent: &'a (dyn Fn(u64) + Send + Sync),
}

/// An upload that a registry has opened.
struct Session {
    url: Url,
    piece_bytes: usize,
}

/// Why a try did not succeed.
enum UploadFailure {
    /// The registry takes no pieces.
    NoPieces,
    Because(RegistryError),
}

impl From<RegistryError> for UploadFailure {
    fn from(error: RegistryError) -> Self {
        Self::Because(error)
    }
}

impl<'a> Upload<'a> {
    pub(super) fn new(
        connection: &'a Arc<Connection>,
        repository: &'a str,
        blob: &'a Blob,
        origin: BlobSource,
        sent: &'a (dyn Fn(u64) + Send + Sync),
    ) -> Self {
        let scopes = match &origin {
            BlobSource::Repository(from) => Scopes::write_and_read(repository, from),
            BlobSource::Memory(_) | BlobSource::File(_) => Scopes::write(repository),
        };
        Self { connection, repository, scopes, blob, origin, sent }
    }

    /// Sends the blob. A failure that may pass is repeated five times without progress in between.
    pub(super) async fn run(self) -> Result<(), RegistryError> {
        let policy = self.connection.retry_policy();
        let (mut waits, mut furthest, mut restarts) = (policy.waits(), 0, 0);
        let (mut reader, mut session, mut in_pieces) = (self.reader(), None, true);
        loop {
            let tried = if in_pieces { self.send_pieces(&mut session, &mut reader).await } else { self.send_whole().await };
            let error = match tried {
                Ok(()) => return Ok(()),
                Err(UploadFailure::NoPieces) => {
                    self.drop_session(session.take()).await;
                    in_pieces = false;
                    continue;
                }
                Err(UploadFailure::Because(error)) => error,
            };
            let lost = matches!(&error, RegistryError::Refused { status: 400 | 404 | 416, .. }) && restarts < RESTARTS;
            if lost {
                // The session is gone, or its content is not what was sent.
                self.drop_session(session.take()).await;
                restarts += 1;
            } else if !error.is_transient() {
                self.drop_session(session.take()).await;
                return Err(error);
            }
            if reader.offset() > furthest {
                (furthest, waits) = (reader.offset(), policy.waits());
            }
            let Some(wait) = waits.next() else {
                self.drop_session(session.take()).await;
                return Err(error);
            };
            tracing::debug!(%error, repository = self.repository, digest = %self.blob.digest, ?wait, "an upload is repeated");
            tokio::time::sleep(wait).await;
            // Only the response may have been lost.
            if blobs::has(self.connection, &self.scopes, self.repository, &self.blob.digest).await.unwrap_or(false) {
                return Ok(());
            }
            session = self.resume(session, &mut reader).await;
        }
    }

    fn reader(&self) -> BlobReader {
        BlobReader::new(Arc::clone(self.connection), self.origin.clone(), self.blob.clone())
    }

    /// Sends what the session does not have yet, and ends it.
    async fn send_pieces(&self, session: &mut Option<Session>, reader: &mut BlobReader) -> Result<(), UploadFailure> {
        let Session { mut url, piece_bytes } = match session.take() {
            Some(session) => session,
            None => {
                reader.seek(0);
                self.begin().await?
            }
        };
        // Kept, so that it can be continued after a failure.
        let keep = |session: &mut Option<Session>, url: &Url| *session = Some(Session { url: url.clone(), piece_bytes });
        keep(session, &url);
        let fits = reader.offset() == 0 && self.blob.size_bytes <= piece_bytes as u64;
        if fits {
            let content = reader.next(piece_bytes).await?;
            return Ok(self.finish(&url, content).await?);
        }
        while !reader.is_at_end() {
            let start = reader.offset();
            let piece = reader.next(piece_bytes).await?;
            let length = piece.len() as u64;
            let response = self.send_piece(&url, start, piece).await?;
            if !response.status().is_success() {
                let refuses_pieces = matches!(response.status().as_u16(), 400 | 405 | 411 | 413 | 415 | 416 | 501);
                if start == 0 && refuses_pieces {
                    return Err(UploadFailure::NoPieces);
                }
                let attempted = format!("a piece of the blob {}", self.blob.digest);
                return Err(self.connection.refused_write(&attempted, self.repository, response).await.into());
            }
            (self.sent)(length);
            let arrived = received(response.headers(), start + length);
            if arrived > start + length {
                let problem = format!("it has {arrived} bytes of the {} that were sent", start + length);
                return Err(self.connection.malformed("an upload", problem).into());
            }
            url = self.next_url(&url, &response)?;
            keep(session, &url);
            reader.seek(arrived);
        }
        Ok(self.finish(&url, Bytes::new()).await?)
    }

    async fn begin(&self) -> Result<Session, RegistryError> {
        let (url, response) = begin(self.connection, &self.scopes, self.repository, "").await?;
        if response.status() != StatusCode::ACCEPTED {
            return Err(self.connection.refused_write("an upload", self.repository, response).await);
        }
        let limit = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let smallest = limit("oci-chunk-min-length").unwrap_or(0).min(MAX_PIECE_BYTES);
        let largest = limit("oci-chunk-max-length").filter(|largest| *largest > 0).unwrap_or(u64::MAX);
        let piece_bytes = usize::try_from(PIECE_BYTES.max(smallest).min(largest)).unwrap_or(usize::MAX);
        Ok(Session { url: self.next_url(&url, &response)?, piece_bytes })
    }

    async fn send_piece(&self, url: &Url, start: u64, piece: Bytes) -> Result<Response, RegistryError> {
        let end = start + (piece.len() as u64).saturating_sub(1);
        let fill = |request: RequestBuilder| {
            let request = request.timeout(PIECE_TIME).header(CONTENT_TYPE, OCTETS);
            request.header(CONTENT_RANGE, format!("{start}-{end}")).body(piece.clone())
        };
        self.connection.send_layer(&self.scopes, Method::PATCH, url, fill).await
    }

    /// Ends the session with its last bytes. The registry checks the digest.
    async fn finish(&self, url: &Url, content: Bytes) -> Result<(), RegistryError> {
        let (url, length) = (self.with_digest(url), content.len() as u64);
        let fill = |request: RequestBuilder| {
            let request = request.timeout(PIECE_TIME).header(CONTENT_LENGTH, content.len());
            if content.is_empty() { request } else { request.header(CONTENT_TYPE, OCTETS).body(content.clone()) }
        };
        let response = self.connection.send_layer(&self.scopes, Method::PUT, &url, fill).await?;
        if response.status().is_success() {
            (self.sent)(length);
            return Ok(());
        }
        let attempted = format!("the blob {}", self.blob.digest);
        Err(self.connection.refused_write(&attempted, self.repository, response).await)
    }

    /// Sends the blob as one stream, which cannot be continued.
    async fn send_whole(&self) -> Result<(), UploadFailure> {
        let session = self.begin().await?;
        let url = self.with_digest(&session.url);
        let pieces = futures::stream::try_unfold(self.reader(), |mut reader| async move {
            if reader.is_at_end() {
                return Ok(None);
            }
            let piece = reader.next(STREAM_BYTES).await.map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>(Some((piece, reader)))
        });
        let fill = |request: RequestBuilder| {
            let request = request.header(CONTENT_TYPE, OCTETS).header(CONTENT_LENGTH, self.blob.size_bytes);
            request.body(reqwest::Body::wrap_stream(pieces))
        };
        let response = self.connection.send_once(&self.scopes, Method::PUT, &url, fill).await?;
        let attempted = format!("the blob {}", self.blob.digest);
        match response.status() {
            status if status.is_success() => {
                (self.sent)(self.blob.size_bytes);
                Ok(())
            }
            // The token expired: the next try gets a new one.
            StatusCode::UNAUTHORIZED => {
                Err(RegistryError::Unavailable { host: self.connection.host().to_owned(), attempted, status: 401 }.into())
            }
            _ => Err(self.connection.refused_write(&attempted, self.repository, response).await.into()),
        }
    }

    /// The session after a failure, with the reader at the place that the registry names. `None` when it has to start again.
    async fn resume(&self, session: Option<Session>, reader: &mut BlobReader) -> Option<Session> {
        let session = session?;
        let response = self.connection.send(&self.scopes, Method::GET, &session.url, |request| request).await.ok()?;
        let arrived = received(response.headers(), 0);
        if response.status() != StatusCode::NO_CONTENT || arrived > self.blob.size_bytes {
            self.drop_session(Some(session)).await;
            return None;
        }
        let url = self.next_url(&session.url, &response).unwrap_or_else(|_stays| session.url.clone());
        reader.seek(arrived);
        Some(Session { url, ..session })
    }

    async fn drop_session(&self, session: Option<Session>) {
        if let Some(session) = session {
            drop_session(self.connection, &self.scopes, &session.url).await;
        }
    }

    fn with_digest(&self, url: &Url) -> Url {
        let mut url = url.clone();
        url.query_pairs_mut().append_pair("digest", self.blob.digest.as_str());
        url
    }

    fn next_url(&self, url: &Url, response: &Response) -> Result<Url, RegistryError> {
        self.connection.follow(url, location(response), "an upload")
    }
}

/// How many bytes a session has: `Range: 0-1023`. Registries send `0-0` for none; one byte is never sent alone.
fn received(headers: &HeaderMap, otherwise: u64) -> u64 {
    let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let last = range.and_then(|range| range.trim_start_matches("bytes=").split_once('-')).and_then(|(_, last)| last.parse().ok());
    match last {
        Some(0) => 0,
        Some(last) => u64::saturating_add(last, 1),
        None => otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_a_session_says_how_far_it_got() {
        for (range, expected) in [(Some("0-1023"), 1024), (Some("bytes=0-9"), 10), (Some("0-0"), 0), (Some("x"), 7), (None, 7)] {
            let mut headers = HeaderMap::new();
            if let Some(range) = range {
                headers.insert(RANGE, range.parse().unwrap());
            }
            assert_eq!(received(&headers, 7), expected, "{range:?}");
        }
    }
}
