//! Upload sessions: opened, found again, discarded.

use reqwest::header::{CONTENT_LENGTH, LOCATION};
use reqwest::{Method, Response};
use url::Url;

use super::RegistryError;
use super::connection::Connection;
use super::scopes::Scopes;

/// Where a response says that a session goes on.
pub(super) fn location(response: &Response) -> Option<&str> {
    response.headers().get(LOCATION).and_then(|value| value.to_str().ok())
}

/// Asks for an upload session, or for a mount where `query` says so.
pub(super) async fn begin(
    connection: &Connection,
    scopes: &Scopes,
    repository: &str,
    query: &str,
) -> Result<(Url, Response), RegistryError> {
    let url = connection.url(&format!("v2/{repository}/blobs/uploads/{query}"))?;
    let response = connection.send(scopes, Method::POST, &url, |request| request.header(CONTENT_LENGTH, 0)).await?;
    Ok((url, response))
}

/// Discards a session. If that fails, the registry removes it at some point.
pub(super) async fn drop_session(connection: &Connection, scopes: &Scopes, url: &Url) {
    if let Err(error) = connection.send(scopes, Method::DELETE, url, |request| request).await {
        tracing::debug!(%error, "an upload session could not be dropped");
    }
}
