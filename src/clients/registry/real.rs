//! The client of a real registry.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, WWW_AUTHENTICATE};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

use super::challenge::{Challenge, parse};
use super::manifest::{self, Document, Manifest};
use super::{Registry, RegistryError};
use crate::clients::docker::RegistryCredentials;
use crate::clients::http::{HttpOptions, Retry, RetryError, build_client, read_bounded, retry};
use crate::support::retry::RetryPolicy;
use crate::support::secrets::Redactor;
use crate::support::{ExposeSecret, SecretString};

/// Limit for a manifest. Registries reject those above 4 MiB.
const MANIFEST_BYTES: usize = 8 * 1024 * 1024;

/// Limit for a response about a token.
const ANSWER_BYTES: usize = 64 * 1024;

/// Limit for one request and its response.
const CALL_TIME: Duration = Duration::from_secs(60);

/// Options of a [`RealRegistry`].
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// `HOST` or `HOST:PORT`, as in `r8.im`. Loopback addresses are contacted over plain HTTP, all others over HTTPS.
    pub host: String,
    /// Credentials. `None` for public images. Credentials for another host are ignored.
    pub credentials: Option<RegistryCredentials>,
    /// Retries of failed calls.
    pub retry: RetryPolicy,
    /// Learns the tokens that the registry gives.
    pub redactor: Redactor,
}

impl RegistryOptions {
    /// The default options.
    pub fn new(host: impl Into<String>, credentials: Option<RegistryCredentials>) -> Self {
        Self { host: host.into(), credentials, retry: RetryPolicy::HTTP, redactor: Redactor::default() }
    }
}

/// A registry, over HTTP.
#[derive(Debug)]
pub struct RealRegistry {
    base: Url,
    host: String,
    credentials: Option<RegistryCredentials>,
    retry: RetryPolicy,
    redactor: Redactor,
    http: reqwest::Client,
}

impl RealRegistry {
    /// Creates a client without sending anything.
    pub fn new(options: RegistryOptions) -> Result<Self, RegistryError> {
        let RegistryOptions { host, credentials, retry, redactor } = options;
        let (base, local) = base_url(&host).ok_or_else(|| RegistryError::BadHost { host: host.clone() })?;
        let http = build_client(&HttpOptions { use_proxy: !local, ..HttpOptions::default() })
            .map_err(|error| RegistryError::Unreachable { host: host.clone(), source: error.into() })?;
        let credentials = credentials.filter(|credentials| credentials.host.eq_ignore_ascii_case(&host));
        Ok(Self { base, host, credentials, retry, redactor, http })
    }

    fn url(&self, path: &str) -> Result<Url, RegistryError> {
        self.base.join(path).map_err(|error| self.malformed(path, error.to_string()))
    }

    fn malformed(&self, attempted: &str, problem: String) -> RegistryError {
        RegistryError::Malformed { host: self.host.clone(), attempted: attempted.to_owned(), problem }
    }

    fn unreachable(&self, source: reqwest::Error) -> RegistryError {
        // The URL contains no secret, but the message already names the host.
        RegistryError::Unreachable { host: self.host.clone(), source: Box::new(source.without_url()) }
    }

    fn refused(&self, attempted: &str, status: StatusCode) -> RegistryError {
        let (host, attempted) = (self.host.clone(), attempted.to_owned());
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => RegistryError::Denied { host, attempted, status: status.as_u16() },
            _ if is_transient(status) => RegistryError::Unavailable { host, attempted, status: status.as_u16() },
            _ => RegistryError::Malformed { host, attempted, problem: format!("status {status}") },
        }
    }

    async fn repeated<T, F>(&self, operation: impl FnMut() -> F) -> Result<T, RegistryError>
    where
        F: Future<Output = Result<T, RegistryError>>,
    {
        // Callers cancel by dropping the future, because these requests change nothing.
        match retry(self.retry, &CancellationToken::new(), classify, operation).await {
            Ok(value) => Ok(value),
            Err(RetryError::Failed(error)) => Err(error),
            Err(RetryError::Cancelled) => {
                Err(RegistryError::Unreachable { host: self.host.clone(), source: "the call was cancelled".into() })
            }
        }
    }

    async fn body_of(&self, repository: &str, reference: &str) -> Result<Option<Vec<u8>>, RegistryError> {
        let path = format!("v2/{repository}/manifests/{reference}");
        let url = self.url(&path)?;
        let ask = |authorization: Option<String>| {
            let request = self.http.get(url.clone()).header(ACCEPT, manifest::ACCEPT).timeout(CALL_TIME);
            match authorization {
                Some(value) => request.header("authorization", value),
                None => request,
            }
        };
        let mut response = ask(None).send().await.map_err(|error| self.unreachable(error))?;
        if response.status() == StatusCode::UNAUTHORIZED {
            let authorization = self.authorization(&response, repository).await?;
            response = ask(Some(authorization)).send().await.map_err(|error| self.unreachable(error))?;
        }
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            status => return Err(self.refused(&path, status)),
        }
        let body = read_bounded(response, MANIFEST_BYTES).await.map_err(|error| self.malformed(&path, error.to_string()))?;
        Ok(Some(body.to_vec()))
    }

    /// The `Authorization` header to send after a 401.
    async fn authorization(&self, refusal: &reqwest::Response, repository: &str) -> Result<String, RegistryError> {
        let attempted = format!("pull {repository}");
        let header = refusal.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match (parse(header), &self.credentials) {
            (Some(Challenge::Basic), Some(credentials)) => Ok(basic(credentials)),
            (Some(Challenge::Bearer { realm, service, scope }), _) => {
                self.token(realm, service, scope.unwrap_or_else(|| format!("repository:{repository}:pull"))).await
            }
            (Some(Challenge::Basic), None) | (None, _) => Err(self.refused(&attempted, StatusCode::UNAUTHORIZED)),
        }
    }

    pub(super) async fn token(&self, mut realm: Url, service: Option<String>, scope: String) -> Result<String, RegistryError> {
        #[derive(Deserialize)]
        struct TokenResponse {
            token: Option<String>,
            access_token: Option<String>,
        }
        if realm.scheme() != "https" && realm.scheme() != self.base.scheme() {
            return Err(self.malformed("a token", "the token service does not use TLS".to_owned()));
        }
        realm.query_pairs_mut().append_pair("scope", &scope);
        if let Some(service) = &service {
            realm.query_pairs_mut().append_pair("service", service);
        }
        let mut request = self.http.get(realm.clone()).timeout(CALL_TIME);
        if let Some(credentials) = self.credentials.as_ref().filter(|_| self.may_know(&realm)) {
            request = request.header("authorization", basic(credentials));
        }
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        if !response.status().is_success() {
            return Err(self.refused("a token", response.status()));
        }
        let body = read_bounded(response, ANSWER_BYTES).await.map_err(|error| self.malformed("a token", error.to_string()))?;
        let answer: TokenResponse = serde_json::from_slice(&body).map_err(|error| self.malformed("a token", error.to_string()))?;
        let token = answer
            .token
            .or(answer.access_token)
            .ok_or_else(|| self.malformed("a token", "the response contains none".to_owned()))?;
        self.redactor.learn([&token]);
        Ok(format!("Bearer {token}"))
    }

    /// Whether a token service may receive the password: on the registry's own host or a subdomain of it. Without TLS, as on this
    /// machine, only the registry itself, because another port is another program.
    fn may_know(&self, realm: &Url) -> bool {
        let (Some(there), Some(here)) = (realm.host_str(), self.base.host_str()) else { return false };
        match realm.scheme() {
            "https" => there == here || there.ends_with(&format!(".{here}")),
            scheme => {
                scheme == self.base.scheme() && there == here && realm.port_or_known_default() == self.base.port_or_known_default()
            }
        }
    }
}

fn classify(error: &RegistryError) -> Retry {
    match error {
        RegistryError::Unreachable { .. } | RegistryError::Unavailable { .. } => Retry::After(None),
        RegistryError::Denied { .. }
        | RegistryError::UnknownToken { .. }
        | RegistryError::ApiToken
        | RegistryError::Malformed { .. }
        | RegistryError::BadHost { .. } => Retry::No,
    }
}

fn is_transient(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT
}

fn basic(credentials: &RegistryCredentials) -> String {
    use base64::Engine as _;
    let pair = format!("{}:{}", credentials.username, credentials.password.expose_secret());
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

/// The registry's URL, and whether it is on this machine.
fn base_url(host: &str) -> Option<(Url, bool)> {
    let with = |scheme: &str| Url::parse(&format!("{scheme}://{host}/")).ok();
    let url = with("https")?;
    let plain = url.username().is_empty() && url.password().is_none() && url.path() == "/" && url.query().is_none();
    if !plain || url.fragment().is_some() {
        return None;
    }
    let local = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    Some((if local { with("http")? } else { url }, local))
}

#[async_trait]
impl Registry for RealRegistry {
    async fn manifest(&self, repository: &str, reference: &str) -> Result<Option<Manifest>, RegistryError> {
        let mut reference = reference.to_owned();
        // An index, then the image that it lists.
        for _ in 0..2 {
            let Some(body) = self.repeated(|| self.body_of(repository, &reference)).await? else { return Ok(None) };
            let expected = Some(reference.as_str()).filter(|reference| reference.starts_with("sha256:"));
            let attempted = format!("the manifest {repository} {reference}");
            match manifest::read(&body, expected).map_err(|problem| self.malformed(&attempted, problem))? {
                Document::Image(manifest) => return Ok(Some(manifest)),
                Document::Index(digest) => reference = digest.to_string(),
            }
        }
        Err(self.malformed(&format!("the manifest of {repository}"), "an index names another index".to_owned()))
    }

    async fn verify_token(&self, token: &SecretString) -> Result<String, RegistryError> {
        #[derive(Deserialize)]
        struct VerifyTokenResponse {
            username: String,
        }
        let text = token.expose_secret().trim();
        if text.starts_with("r8_") {
            return Err(RegistryError::ApiToken);
        }
        let url = self.url("cog/v1/verify-token")?;
        self.repeated(|| async {
            let request = self.http.post(url.clone()).form(&[("token", text)]).timeout(CALL_TIME);
            let response = request.send().await.map_err(|error| self.unreachable(error))?;
            match response.status() {
                StatusCode::OK => {}
                status if is_transient(status) => return Err(self.refused("verify-token", status)),
                _ => return Err(RegistryError::UnknownToken { host: self.host.clone() }),
            }
            let body =
                read_bounded(response, ANSWER_BYTES).await.map_err(|error| self.malformed("verify-token", error.to_string()))?;
            let answer: VerifyTokenResponse =
                serde_json::from_slice(&body).map_err(|error| self.malformed("verify-token", error.to_string()))?;
            Ok(answer.username)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_goes_to_the_registrys_own_name_and_over_tls_alone() {
        let may_know = |host: &str, realm: &str| {
            RealRegistry::new(RegistryOptions::new(host, None)).unwrap().may_know(&realm.parse().unwrap())
        };
        for (host, realm, expected) in [
            ("r8.im", "https://r8.im/token", true),
            ("r8.im", "https://auth.r8.im/token", true),
            ("r8.im", "http://r8.im/token", false),
            ("r8.im", "https://evil-r8.im/token", false),
            ("r8.im", "https://r8.im.evil.example/token", false),
            ("r8.im", "https://evil.example/r8.im", false),
            ("r8.im", "https://r8.im@evil.example/", false),
            ("127.0.0.1:5000", "http://127.0.0.1:5000/token", true),
            ("127.0.0.1:5000", "http://127.0.0.1:6000/token", false),
            ("127.0.0.1:5000", "http://localhost:5000/token", false),
        ] {
            assert_eq!(may_know(host, realm), expected, "{host} {realm}");
        }
    }
}
