//! Blobs that already exist: looking for one, mounting one, reading a small one.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::{Method, StatusCode};

use super::RegistryError;
use super::connection::Connection;
use super::image::Blob;
use super::scopes::Scopes;
use super::session::{begin, drop_session, location};
use super::source::{BlobReader, BlobSource};
use crate::domain::identity::ImageDigest;
use crate::support::retry::RetryPolicy;

/// Limit for an image's configuration. It holds the schema, and registries reject manifests above 4 MiB.
const SMALL_BYTES: u64 = 8 * 1024 * 1024;

/// A mount that fails is replaced by a stream, so it is repeated less often than other calls.
const MOUNT_RETRIES: usize = 2;

/// The result of a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mount {
    /// The registry says that the blob is in the other repository now. This is not proof: some registries say so without mounting it.
    Mounted,
    /// It is not, for this reason.
    Refused(String),
}

/// Whether a repository has a blob.
pub(super) async fn has(
    connection: &Connection,
    scopes: &Scopes,
    repository: &str,
    digest: &ImageDigest,
) -> Result<bool, RegistryError> {
    let path = format!("v2/{repository}/blobs/{digest}");
    let url = connection.url(&path)?;
    let response = connection.send(scopes, Method::HEAD, &url, |request| request).await?;
    match response.status() {
        StatusCode::NOT_FOUND => Ok(false),
        // A redirect to a storage service is an answer too.
        status if status.is_success() || status.is_redirection() => Ok(true),
        _ => Err(connection.refused_write(&format!("the blob {digest}"), repository, response).await),
    }
}

/// Asks the registry to mount a blob from another of its repositories. If it refuses, the blob can be streamed.
pub(super) async fn mount(connection: &Connection, to: &str, from: &str, digest: &ImageDigest) -> Mount {
    let scopes = Scopes::write_and_read(to, from);
    let query: String = url::form_urlencoded::Serializer::new("?".to_owned())
        .append_pair("mount", digest.as_str())
        .append_pair("from", from)
        .finish();
    let own = connection.retry_policy();
    let policy = RetryPolicy { retries: own.retries.min(MOUNT_RETRIES), ..own };
    let request = connection.repeated_as(policy, || async {
        let (url, response) = begin(connection, &scopes, to, &query).await?;
        match response.status() {
            StatusCode::CREATED => Ok(Mount::Mounted),
            StatusCode::ACCEPTED => {
                if let Ok(session) = connection.follow(&url, location(&response), "a mount") {
                    drop_session(connection, &scopes, &session).await;
                }
                Ok(Mount::Refused("the registry opened an upload instead of mounting".to_owned()))
            }
            _ => Err(connection.refused_write("a mount", to, response).await),
        }
    });
    request.await.unwrap_or_else(|error| Mount::Refused(error.to_string()))
}

/// A small blob, checked against its digest.
pub(super) async fn small(connection: &Arc<Connection>, repository: &str, blob: &Blob) -> Result<Bytes, RegistryError> {
    if blob.size_bytes > SMALL_BYTES {
        let problem = format!("it has {} bytes, more than {SMALL_BYTES}", blob.size_bytes);
        return Err(connection.malformed(&format!("the blob {}", blob.digest), problem));
    }
    let size = usize::try_from(blob.size_bytes).unwrap_or_default();
    connection
        .repeated(|| async {
            let origin = BlobSource::Repository(repository.to_owned());
            BlobReader::new(Arc::clone(connection), origin, blob.clone()).next(size).await
        })
        .await
}
