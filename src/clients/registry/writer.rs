//! Writing to a registry: the role, and its real client.
//!
//! Why not the crate `oci-client`: it holds a token for one repository, but a mount needs one for two; it treats the upload session that
//! answers a refused mount as an error; it neither retries nor resumes uploads; and it drops unknown manifest fields. So these calls are
//! our own, on the HTTP client that all clients share.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use cog_findings::text::shorten;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder, StatusCode};

use super::RegistryError;
use super::blobs::{self, Mount};
use super::image::Blob;
use super::real::RealRegistry;
use super::scopes::Scopes;
use super::session::{begin, drop_session, location};
use super::source::{BlobSource, FileBlob};
use super::stored::StoredManifest;
use super::uploads::Upload;
use crate::domain::identity::ImageDigest;

/// How much of a digest that a registry names an error keeps.
const DIGEST_BYTES: usize = 100;

/// A registry that blobs and manifests can be put into. Calls can be dropped, and repeated after that.
#[async_trait]
pub trait RegistryWriter: Send + Sync {
    /// A manifest or index under a tag or digest, byte for byte, or `None`.
    async fn stored(&self, repository: &str, reference: &str) -> Result<Option<StoredManifest>, RegistryError>;

    /// The content of a small blob, such as an image's configuration.
    async fn small_blob(&self, repository: &str, blob: &Blob) -> Result<Bytes, RegistryError>;

    async fn has_blob(&self, repository: &str, digest: &ImageDigest) -> Result<bool, RegistryError>;

    /// Takes a blob over from another repository of the registry, without its bytes.
    async fn mount(&self, to: &str, from: &str, digest: &ImageDigest) -> Mount;

    /// Streams a blob from one repository into another. `sent` is called with bytes as they are sent.
    async fn copy_blob(&self, to: &str, from: &str, blob: &Blob, sent: &(dyn Fn(u64) + Send + Sync)) -> Result<(), RegistryError>;

    /// Puts a new small blob into a repository, such as the configuration of a version, whose push id is unique. So it is not looked up
    /// first.
    async fn put_blob(&self, repository: &str, content: Bytes) -> Result<Blob, RegistryError>;

    /// Puts a blob from a file into a repository, unless it is there. `sent` is called with bytes as they are sent.
    async fn put_file(&self, repository: &str, blob: &FileBlob, sent: &(dyn Fn(u64) + Send + Sync)) -> Result<(), RegistryError>;

    /// Puts a manifest under a tag or its digest. Its blobs have to be there.
    ///
    /// # Errors
    /// [`RegistryError::BlobsUnknown`] when the registry does not have them all; [`RegistryError::OtherManifest`] when it says that it
    /// took something else, which may be in use by then.
    async fn put_manifest(&self, repository: &str, reference: &str, manifest: &StoredManifest) -> Result<(), RegistryError>;

    /// Finds out whether pushes to a repository are allowed, by opening an upload and dropping it.
    ///
    /// # Errors
    /// [`RegistryError::PushDenied`] when they are not. Any other error says nothing about it.
    async fn check_push(&self, repository: &str) -> Result<(), RegistryError>;
}

#[async_trait]
impl RegistryWriter for RealRegistry {
    async fn stored(&self, repository: &str, reference: &str) -> Result<Option<StoredManifest>, RegistryError> {
        self.document(repository, reference).await
    }

    async fn small_blob(&self, repository: &str, blob: &Blob) -> Result<Bytes, RegistryError> {
        if let Some(known) = self.kept.blob(repository, &blob.digest) {
            return Ok(known);
        }
        let content = blobs::small(&self.connection, repository, blob).await?;
        self.kept.keep_blob(repository, &blob.digest, &content);
        Ok(content)
    }

    async fn has_blob(&self, repository: &str, digest: &ImageDigest) -> Result<bool, RegistryError> {
        let scopes = Scopes::write(repository);
        self.connection.repeated(|| blobs::has(&self.connection, &scopes, repository, digest)).await
    }

    async fn mount(&self, to: &str, from: &str, digest: &ImageDigest) -> Mount {
        blobs::mount(&self.connection, to, from, digest).await
    }

    async fn copy_blob(&self, to: &str, from: &str, blob: &Blob, sent: &(dyn Fn(u64) + Send + Sync)) -> Result<(), RegistryError> {
        Upload::new(&self.connection, to, blob, BlobSource::Repository(from.to_owned()), sent).run().await
    }

    async fn put_blob(&self, repository: &str, content: Bytes) -> Result<Blob, RegistryError> {
        let blob = Blob::of(&content);
        Upload::new(&self.connection, repository, &blob, BlobSource::Memory(content), &|_| {}).run().await?;
        Ok(blob)
    }

    async fn put_file(&self, repository: &str, blob: &FileBlob, sent: &(dyn Fn(u64) + Send + Sync)) -> Result<(), RegistryError> {
        let FileBlob { blob, file } = blob;
        if self.has_blob(repository, &blob.digest).await? {
            return Ok(());
        }
        Upload::new(&self.connection, repository, blob, BlobSource::File(Arc::clone(file)), sent).run().await
    }

    async fn put_manifest(&self, repository: &str, reference: &str, manifest: &StoredManifest) -> Result<(), RegistryError> {
        let connection = &self.connection;
        let path = format!("v2/{repository}/manifests/{reference}");
        let (url, scopes) = (connection.url(&path)?, Scopes::write(repository));
        let fill =
            |request: RequestBuilder| request.header(CONTENT_TYPE, manifest.media_type.as_str()).body(manifest.bytes.clone());
        connection
            .repeated(|| async {
                let response = connection.send(&scopes, Method::PUT, &url, fill).await?;
                if !response.status().is_success() {
                    return Err(connection.refused_write(&path, repository, response).await);
                }
                let reported = response.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
                match reported.filter(|reported| *reported != manifest.digest.as_str()) {
                    Some(other) => Err(RegistryError::OtherManifest {
                        host: connection.host().to_owned(),
                        repository: repository.to_owned(),
                        sent: manifest.digest.clone(),
                        stored: shorten(other, DIGEST_BYTES),
                    }),
                    None => Ok(()),
                }
            })
            .await
    }

    async fn check_push(&self, repository: &str) -> Result<(), RegistryError> {
        let (connection, scopes) = (Arc::clone(&self.connection), Scopes::write(repository));
        let (url, response) = begin(&connection, &scopes, repository, "").await?;
        match response.status() {
            StatusCode::ACCEPTED => {
                if let Ok(session) = connection.follow(&url, location(&response), "an upload") {
                    drop_session(&connection, &scopes, &session).await;
                }
                Ok(())
            }
            status if status.is_success() => Ok(()),
            _ => Err(connection.refused_write("an upload", repository, response).await),
        }
    }
}
