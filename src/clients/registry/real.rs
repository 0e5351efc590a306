//! The client of a real registry: reading manifests, and the check of a token.

use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::connection::{ANSWER_BYTES, Connection, is_transient};
use super::kept::KeptDocuments;
use super::manifest::{self, Manifest, ManifestDocument};
use super::options::RegistryOptions;
use super::scopes::Scopes;
use super::stored::StoredManifest;
use super::{Registry, RegistryError};
use crate::clients::http::read_bounded;
use crate::domain::identity::ImageDigest;
use crate::support::{ExposeSecret, SecretString};

/// Limit for a manifest. Registries reject those above 4 MiB.
const MANIFEST_BYTES: usize = 8 * 1024 * 1024;

/// A registry, over HTTP.
#[derive(Debug)]
pub struct RealRegistry {
    pub(super) connection: Arc<Connection>,
    pub(super) kept: KeptDocuments,
}

impl RealRegistry {
    /// Creates a client without sending anything.
    pub fn new(options: RegistryOptions) -> Result<Self, RegistryError> {
        Ok(Self { connection: Arc::new(Connection::new(options)?), kept: KeptDocuments::default() })
    }

    /// A manifest or index as it is stored, checked against the digest if it is asked for by digest.
    pub(super) async fn document(&self, repository: &str, reference: &str) -> Result<Option<StoredManifest>, RegistryError> {
        let connection = &self.connection;
        let expected = reference.parse::<ImageDigest>().ok();
        if let Some(known) = expected.as_ref().and_then(|digest| self.kept.manifest(repository, digest)) {
            return Ok(Some(known));
        }
        let Some(stored) = connection.repeated(|| self.document_once(repository, reference)).await? else { return Ok(None) };
        if let Some(expected) = expected.filter(|expected| *expected != stored.digest) {
            let problem = format!("its digest is {}, not {expected}", stored.digest);
            return Err(connection.malformed(&format!("the manifest {repository} {reference}"), problem));
        }
        self.kept.keep_manifest(repository, &stored);
        Ok(Some(stored))
    }

    async fn document_once(&self, repository: &str, reference: &str) -> Result<Option<StoredManifest>, RegistryError> {
        let connection = &self.connection;
        let path = format!("v2/{repository}/manifests/{reference}");
        let url = connection.url(&path)?;
        let scopes = Scopes::read(repository);
        let response = connection.send(&scopes, Method::GET, &url, |request| request.header(ACCEPT, manifest::ACCEPT)).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            status => return Err(connection.refused(&path, status)),
        }
        let sent_as = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = read_bounded(response, MANIFEST_BYTES).await.map_err(|error| connection.broken_body(&path, error))?;
        Ok(Some(StoredManifest::new(sent_as.as_deref(), body)))
    }
}

impl Registry for RealRegistry {
    fn manifest<'a>(&'a self, repository: &'a str, reference: &'a str) -> BoxFuture<'a, Result<Option<Manifest>, RegistryError>> {
        Box::pin(async move {
            let mut reference = reference.to_owned();
            // An index, then the image that it lists.
            for _ in 0..2 {
                let Some(stored) = self.document(repository, &reference).await? else { return Ok(None) };
                let attempted = format!("the manifest {repository} {reference}");
                match manifest::read(&stored).map_err(|problem| self.connection.malformed(&attempted, problem))? {
                    ManifestDocument::Image(manifest) => return Ok(Some(manifest)),
                    ManifestDocument::Index(digest) => reference = digest.to_string(),
                }
            }
            let attempted = format!("the manifest of {repository}");
            Err(self.connection.malformed(&attempted, "an index names another index".to_owned()))
        })
    }

    fn verify_token<'a>(&'a self, token: &'a SecretString) -> BoxFuture<'a, Result<String, RegistryError>> {
        Box::pin(async move {
            #[derive(Deserialize)]
            struct VerifyTokenResponse {
                username: String,
            }
            let connection = &self.connection;
            let text = token.expose_secret().trim();
            if text.starts_with("r8_") {
                return Err(RegistryError::ApiToken);
            }
            let url = connection.url("cog/v1/verify-token")?;
            let malformed = |problem: String| connection.malformed("verify-token", problem);
            connection
                .repeated(|| async {
                    let request = connection.plain(Method::POST, url.clone()).form(&[("token", text)]);
                    let response = request.send().await.map_err(|error| connection.unreachable(error))?;
                    match response.status() {
                        StatusCode::OK => {}
                        status if is_transient(status) => return Err(connection.refused("verify-token", status)),
                        _ => return Err(RegistryError::UnknownToken { host: connection.host().to_owned() }),
                    }
                    let body = read_bounded(response, ANSWER_BYTES).await.map_err(|error| malformed(error.to_string()))?;
                    let answer: VerifyTokenResponse =
                        serde_json::from_slice(&body).map_err(|error| malformed(error.to_string()))?;
                    Ok(answer.username)
                })
                .await
        })
    }
}
