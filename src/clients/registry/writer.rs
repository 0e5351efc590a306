//! Writing to a registry: the role, and its real client.
//!
//! Why not the crate `oci-client`: it holds a token for one repository, but a mount needs one for two; it treats the upload session that
//! answers a refused mount as an error; it neither retries nor resumes uploads; and it drops unknown manifest fields. So these calls are
//! our own, on the HTTP client that all clients share.

use std::sync::Arc;

use bytes::Bytes;
use cog_findings::text::shorten;
use futures::future::BoxFuture;
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
pub trait RegistryWriter: Send + Sync {
    /// A manifest or index under a tag or digest, byte for byte, or `None`.
    fn stored<'a>(
        &'a self,
        repository: &'a str,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredManifest>, RegistryError>>;

    /// The content of a small blob, such as an image's configuration.
    fn small_blob<'a>(&'a self, repository: &'a str, blob: &'a Blob) -> BoxFuture<'a, Result<Bytes, RegistryError>>;

    fn has_blob<'a>(&'a self, repository: &'a str, digest: &'a ImageDigest) -> BoxFuture<'a, Result<bool, RegistryError>>;

    /// Takes a blob over from another repository of the registry, without its bytes.
    fn mount<'a>(&'a self, to: &'a str, from: &'a str, digest: &'a ImageDigest) -> BoxFuture<'a, Mount>;

    /// Streams a blob from one repository into another. `sent` is called with bytes as they are sent.
    fn copy_blob<'a>(
        &'a self,
        to: &'a str,
        from: &'a str,
        blob: &'a Blob,
        sent: &'a (dyn Fn(u64) + Send + Sync),
    ) -> BoxFuture<'a, Result<(), RegistryError>>;

    /// Puts a new small blob into a repository, such as the configuration of a version, whose push id is unique. So it is not looked up
    /// first.
    fn put_blob<'a>(&'a self, repository: &'a str, content: Bytes) -> BoxFuture<'a, Result<Blob, RegistryError>>;

    /// Puts a blob from a file into a repository, unless it is there. `sent` is called with bytes as they are sent.
    fn put_file<'a>(
        &'a self,
        repository: &'a str,
        blob: &'a FileBlob,
        sent: &'a (dyn Fn(u64) + Send + Sync),
    ) -> BoxFuture<'a, Result<(), RegistryError>>;

    /// Puts a manifest under a tag or its digest. Its blobs have to be there.
    ///
    /// # Errors
    /// [`RegistryError::BlobsUnknown`] when the registry does not have them all; [`RegistryError::OtherManifest`] when it says that it
    /// took something else, which may be in use by then.
    fn put_manifest<'a>(
        &'a self,
        repository: &'a str,
        reference: &'a str,
        manifest: &'a StoredManifest,
    ) -> BoxFuture<'a, Result<(), RegistryError>>;

    /// Finds out whether pushes to a repository are allowed, by opening an upload and dropping it.
    ///
    /// # Errors
    /// [`RegistryError::PushDenied`] when they are not. Any other error says nothing about it.
    fn check_push<'a>(&'a self, repository: &'a str) -> BoxFuture<'a, Result<(), RegistryError>>;
}

impl RegistryWriter for RealRegistry {
    fn stored<'a>(
        &'a self,
        repository: &'a str,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredManifest>, RegistryError>> {
        Box::pin(self.document(repository, reference))
    }

    fn small_blob<'a>(&'a self, repository: &'a str, blob: &'a Blob) -> BoxFuture<'a, Result<Bytes, RegistryError>> {
        Box::pin(async move {
            if let Some(known) = self.kept.blob(repository, &blob.digest) {
                return Ok(known);
            }
            let content = blobs::small(&self.connection, repository, blob).await?;
            self.kept.keep_blob(repository, &blob.digest, &content);
            Ok(content)
        })
    }

    fn has_blob<'a>(&'a self, repository: &'a str, digest: &'a ImageDigest) -> BoxFuture<'a, Result<bool, RegistryError>> {
        Box::pin(async move {
            let scopes = Scopes::write(repository);
            self.connection.repeated(|| blobs::has(&self.connection, &scopes, repository, digest)).await
        })
    }

    fn mount<'a>(&'a self, to: &'a str, from: &'a str, digest: &'a ImageDigest) -> BoxFuture<'a, Mount> {
        Box::pin(blobs::mount(&self.connection, to, from, digest))
    }

    fn copy_blob<'a>(
        &'a self,
        to: &'a str,
        from: &'a str,
        blob: &'a Blob,
        sent: &'a (dyn Fn(u64) + Send + Sync),
    ) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(Upload::new(&self.connection, to, blob, BlobSource::Repository(from.to_owned()), sent).run())
    }

    fn put_blob<'a>(&'a self, repository: &'a str, content: Bytes) -> BoxFuture<'a, Result<Blob, RegistryError>> {
        Box::pin(async move {
            let blob = Blob::of(&content);
            Upload::new(&self.connection, repository, &blob, BlobSource::Memory(content), &|_| {}).run().await?;
            Ok(blob)
        })
    }

    fn put_file<'a>(
        &'a self,
        repository: &'a str,
        blob: &'a FileBlob,
        sent: &'a (dyn Fn(u64) + Send + Sync),
    ) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(async move {
            let FileBlob { blob, file } = blob;
            if self.has_blob(repository, &blob.digest).await? {
                return Ok(());
            }
            Upload::new(&self.connection, repository, blob, BlobSource::File(Arc::clone(file)), sent).run().await
        })
    }

    fn put_manifest<'a>(
        &'a self,
        repository: &'a str,
        reference: &'a str,
        manifest: &'a StoredManifest,
    ) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(async move {
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
        })
    }

    fn check_push<'a>(&'a self, repository: &'a str) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(async move {
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
        })
    }
}
