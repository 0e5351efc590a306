//! Requests to a registry: addresses, authorization, the meaning of refusals, retries.
//!
//! `real`, `blobs`, `uploads` and `writer` decide what to request.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

use super::RegistryError;
use super::challenge::{Challenge, parse};
use super::error_body::ErrorBody;
use super::options::RegistryOptions;
use super::scopes::Scopes;
use super::tokens::{Authorization, Authorizations};
use crate::clients::docker::RegistryCredentials;
use crate::clients::http::{BodyError, HttpOptions, Retry, RetryError, build_client, read_bounded, retry};
use crate::support::ExposeSecret as _;
use crate::support::retry::RetryPolicy;
use crate::support::secrets::Redactor;

/// Limit for a response about a token or an error.
pub(super) const ANSWER_BYTES: usize = 64 * 1024;

/// Limit for one request and its response, unless it carries layers.
pub(super) const CALL_TIME: Duration = Duration::from_secs(60);

/// Limit for one request that carries a layer. A slow line needs minutes for a chunk, and hours for a layer that is sent as a whole.
const LAYER_TIME: Duration = Duration::from_secs(6 * 60 * 60);

/// The connection to one registry.
#[derive(Debug)]
pub(super) struct Connection {
    base: Url,
    host: String,
    credentials: Option<RegistryCredentials>,
    retry: RetryPolicy,
    http: reqwest::Client,
    /// For layers: over HTTP/1.1, because one connection of HTTP/2 carries several layers no faster than one, and with patience.
    layers: reqwest::Client,
    tokens: Authorizations,
    /// Learns the tokens that the registry gives.
    redactor: Redactor,
}

impl Connection {
    pub(super) fn new(options: RegistryOptions) -> Result<Self, RegistryError> {
        let RegistryOptions { host, credentials, retry, redactor } = options;
        let (base, local) = base_url(&host).ok_or_else(|| RegistryError::BadHost { host: host.clone() })?;
        let options = HttpOptions { use_proxy: !local, ..HttpOptions::default() };
        let patient = HttpOptions { read_timeout: LAYER_TIME, http1_only: true, ..options.clone() };
        let build = |options: &HttpOptions| {
            build_client(options).map_err(|error| RegistryError::Unreachable { host: host.clone(), source: error.into() })
        };
        let (http, layers) = (build(&options)?, build(&patient)?);
        let credentials = credentials.filter(|credentials| credentials.host.eq_ignore_ascii_case(&host));
        Ok(Self { base, host, credentials, retry, http, layers, tokens: Authorizations::default(), redactor })
    }

    /// The registry's host.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// How failures are repeated.
    pub(super) fn retry_policy(&self) -> RetryPolicy {
        self.retry
    }

    /// An address below the registry's root.
    pub(super) fn url(&self, path: &str) -> Result<Url, RegistryError> {
        self.base.join(path).map_err(|error| self.malformed(path, error.to_string()))
    }

    /// Where a response leads to. Neither leaves TLS.
    pub(super) fn follow(&self, from: &Url, location: Option<&str>, attempted: &str) -> Result<Url, RegistryError> {
        let location = location.ok_or_else(|| self.malformed(attempted, "it has no Location header".to_owned()))?;
        let url = from.join(location).map_err(|error| self.malformed(attempted, format!("its location: {error}")))?;
        if url.scheme() != "https" && url.scheme() != self.base.scheme() {
            return Err(self.malformed(attempted, "it redirects to a URL without TLS".to_owned()));
        }
        Ok(url)
    }

    /// A call that is not about a repository.
    pub(super) fn plain(&self, method: Method, url: Url) -> RequestBuilder {
        self.http.request(method, url).timeout(CALL_TIME)
    }

    /// Sends a small request, and again with an authorization when the registry asks for one or the known one has expired.
    pub(super) async fn send(
        &self,
        scopes: &Scopes,
        method: Method,
        url: &Url,
        fill: impl Fn(RequestBuilder) -> RequestBuilder + Send + Sync,
    ) -> Result<Response, RegistryError> {
        let build = || fill(self.http.request(method.clone(), url.clone()).timeout(CALL_TIME));
        self.authorized(scopes, url, build).await
    }

    /// Sends a request that carries a layer or a part of it.
    pub(super) async fn send_layer(
        &self,
        scopes: &Scopes,
        method: Method,
        url: &Url,
        fill: impl Fn(RequestBuilder) -> RequestBuilder + Send + Sync,
    ) -> Result<Response, RegistryError> {
        let build = || fill(self.layers.request(method.clone(), url.clone()));
        self.authorized(scopes, url, build).await
    }

    /// Sends a request whose body cannot be sent twice. A known authorization that has expired is forgotten, so that the next try gets a
    /// new one.
    pub(super) async fn send_once(
        &self,
        scopes: &Scopes,
        method: Method,
        url: &Url,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder + Send,
    ) -> Result<Response, RegistryError> {
        let known = self.authorization_for(scopes, url);
        let response = self.transmit(fill(self.layers.request(method, url.clone())), known.as_ref()).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(known) = known
        {
            self.tokens.forget(&known);
        }
        Ok(response)
    }

    async fn authorized(
        &self,
        scopes: &Scopes,
        url: &Url,
        build: impl Fn() -> RequestBuilder + Send + Sync,
    ) -> Result<Response, RegistryError> {
        let known = self.authorization_for(scopes, url);
        let response = self.transmit(build(), known.as_ref()).await?;
        if response.status() != StatusCode::UNAUTHORIZED || !self.is_own(url) {
            return Ok(response);
        }
        let Some(fresh) = self.answer(&response, scopes, known).await? else { return Ok(response) };
        self.transmit(build(), Some(&fresh)).await
    }

    /// Other hosts, such as a storage service that has the layers, learn no password and no token.
    fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    fn authorization_for(&self, scopes: &Scopes, url: &Url) -> Option<Authorization> {
        if self.is_own(url) { self.tokens.for_scopes(scopes) } else { None }
    }

    async fn transmit(&self, request: RequestBuilder, authorization: Option<&Authorization>) -> Result<Response, RegistryError> {
        let request = match authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization.header()),
            None => request,
        };
        request.send().await.map_err(|error| self.unreachable(error))
    }

    /// The authorization to send after a 401; `None` if the only one was rejected.
    async fn answer(
        &self,
        refusal: &Response,
        scopes: &Scopes,
        rejected: Option<Authorization>,
    ) -> Result<Option<Authorization>, RegistryError> {
        let header = refusal.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if let Some(rejected) = &rejected {
            self.tokens.forget(rejected);
        }
        let fresh = match (parse(header), &self.credentials) {
            (Some(Challenge::Basic), Some(credentials)) => Authorization::everywhere(basic(credentials)),
            (Some(Challenge::Bearer { realm, service, scope }), _) => {
                Authorization::within(scopes.clone(), self.token(realm, service, scope.as_deref(), scopes).await?)
            }
            // If a proxy refuses a request, it does not say how to authenticate, so the last accepted authorization is tried again.
            (None, _) => match rejected {
                Some(rejected) => rejected,
                None => return Ok(None),
            },
            (Some(Challenge::Basic), None) => return Ok(None),
        };
        self.tokens.remember(fresh.clone());
        Ok(Some(fresh))
    }

    /// A token for these permissions, and for the scope that the challenge names: some registries have scopes of their own.
    pub(super) async fn token(
        &self,
        mut realm: Url,
        service: Option<String>,
        challenged: Option<&str>,
        scopes: &Scopes,
    ) -> Result<String, RegistryError> {
        #[derive(Deserialize)]
        struct TokenResponse {
            token: Option<String>,
            access_token: Option<String>,
        }
        if realm.scheme() != "https" && realm.scheme() != self.base.scheme() {
            return Err(self.malformed("a token", "the token service does not use TLS".to_owned()));
        }
        // For a read, the challenge names the right scope. No challenge names what a write in two repositories needs.
        let own = scopes.parameters().filter(|_| challenged.is_none() || scopes.write_anything());
        let wanted: BTreeSet<String> = own.chain(challenged.map(str::to_owned)).collect();
        for scope in &wanted {
            realm.query_pairs_mut().append_pair("scope", scope);
        }
        if let Some(service) = &service {
            realm.query_pairs_mut().append_pair("service", service);
        }
        let mut request = self.plain(Method::GET, realm.clone());
        if let Some(credentials) = self.credentials.as_ref().filter(|_| self.may_know(&realm)) {
            request = request.header(AUTHORIZATION, basic(credentials));
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
    pub(super) fn may_know(&self, realm: &Url) -> bool {
        let (Some(there), Some(here)) = (realm.host_str(), self.base.host_str()) else { return false };
        match realm.scheme() {
            "https" => there == here || there.ends_with(&format!(".{here}")),
            scheme => {
                scheme == self.base.scheme() && there == here && realm.port_or_known_default() == self.base.port_or_known_default()
            }
        }
    }

    /// Repeats a call that may be repeated.
    pub(super) async fn repeated<T, F>(&self, operation: impl FnMut() -> F) -> Result<T, RegistryError>
    where
        F: Future<Output = Result<T, RegistryError>>,
    {
        self.repeated_as(self.retry, operation).await
    }

    /// Repeats a call as often as `policy` says.
    pub(super) async fn repeated_as<T, F>(&self, policy: RetryPolicy, operation: impl FnMut() -> F) -> Result<T, RegistryError>
    where
        F: Future<Output = Result<T, RegistryError>>,
    {
        // Callers cancel by dropping the future: a request that changes something changes the same when it is repeated.
        let classify = |error: &RegistryError| if error.is_transient() { Retry::After(None) } else { Retry::No };
        match retry(policy, &CancellationToken::new(), classify, operation).await {
            Ok(value) => Ok(value),
            Err(RetryError::Failed(error)) => Err(error),
            Err(RetryError::Cancelled) => {
                Err(RegistryError::Unreachable { host: self.host.clone(), source: "the call was canceled".into() })
            }
        }
    }

    pub(super) fn malformed(&self, attempted: &str, problem: String) -> RegistryError {
        RegistryError::Malformed { host: self.host.clone(), attempted: attempted.to_owned(), problem }
    }

    /// A body that ended early may be whole the next time; one that is too large never fits.
    pub(super) fn broken_body(&self, attempted: &str, error: BodyError) -> RegistryError {
        match error {
            BodyError::Broken(source) => self.unreachable(source),
            error @ BodyError::TooLarge { .. } => self.malformed(attempted, error.to_string()),
        }
    }

    pub(super) fn unreachable(&self, source: reqwest::Error) -> RegistryError {
        // The URL contains no secret, but the message already names the host.
        RegistryError::Unreachable { host: self.host.clone(), source: Box::new(source.without_url()) }
    }

    /// The meaning of a status that a read did not expect.
    pub(super) fn refused(&self, attempted: &str, status: StatusCode) -> RegistryError {
        let (host, attempted) = (self.host.clone(), attempted.to_owned());
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => RegistryError::Denied { host, attempted, status: status.as_u16() },
            _ if is_transient(status) => RegistryError::Unavailable { host, attempted, status: status.as_u16() },
            _ => RegistryError::Malformed { host, attempted, problem: format!("status {status}") },
        }
    }

    /// The meaning of a response that a write to `repository` did not expect.
    pub(super) async fn refused_write(&self, attempted: &str, repository: &str, response: Response) -> RegistryError {
        let (host, status) = (self.host.clone(), response.status());
        if is_transient(status) {
            return RegistryError::Unavailable { host, attempted: attempted.to_owned(), status: status.as_u16() };
        }
        // A body that cannot be read says nothing, and the status is enough.
        let body = read_bounded(response, ANSWER_BYTES).await.map(|body| ErrorBody::parse(&body)).unwrap_or_default();
        let (status, repository) = (status.as_u16(), repository.to_owned());
        if let Some(reason) = body.denial(status) {
            return RegistryError::PushDenied { host, account: self.account(), repository, reason, message: body.message };
        }
        if body.misses_blobs() {
            return RegistryError::BlobsUnknown { host, repository, digests: body.digests, message: body.message };
        }
        RegistryError::Refused { host, attempted: attempted.to_owned(), status, message: body.message }
    }

    fn account(&self) -> String {
        self.credentials.as_ref().map_or_else(|| "anybody".to_owned(), |credentials| format!("'{}'", credentials.username))
    }
}

pub(super) fn is_transient(status: StatusCode) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(host: &str) -> Connection {
        Connection::new(RegistryOptions::new(host, None)).unwrap()
    }

    #[test]
    fn the_password_goes_to_the_registrys_own_name_and_over_tls_alone() {
        let may_know = |host: &str, realm: &str| connection(host).may_know(&realm.parse().unwrap());
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

    #[test]
    fn a_location_keeps_tls_and_other_hosts_get_no_authorization() {
        let registry = connection("r8.im");
        let from = registry.url("v2/a/b/blobs/uploads/").unwrap();
        let follow = |location: Option<&str>| registry.follow(&from, location, "an upload");
        assert_eq!(follow(Some("/v2/a/b/blobs/uploads/1?x=y")).unwrap().as_str(), "https://r8.im/v2/a/b/blobs/uploads/1?x=y");
        let elsewhere = follow(Some("https://storage.example/1")).unwrap();
        assert!(!registry.is_own(&elsewhere));
        for wrong in [Some("http://r8.im/v2/"), Some("ftp://r8.im/"), None] {
            assert!(matches!(follow(wrong), Err(RegistryError::Malformed { .. })), "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn an_unprotected_token_service_is_not_asked_by_a_protected_registry() {
        let realm = "http://r8.im/token".parse().unwrap();
        let error = connection("r8.im").token(realm, None, None, &Scopes::read("a/b")).await.unwrap_err();
        assert!(error.to_string().contains("does not use TLS"), "{error}");
    }
}
