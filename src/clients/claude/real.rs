//! The client of the real API.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

use crate::clients::claude::error::failure_of;
use crate::clients::claude::{Claude, ClaudeError, ClaudeFailure, ToolRequest};
use crate::clients::http::{FailedAttempt, HttpOptions, Retry, RetryError, build_client, read_bounded, requested_wait, retry};
use crate::support::clock::Clock;
use crate::support::retry::RetryPolicy;
use crate::support::{ExposeSecret, SecretString};

const BASE_URL: &str = "https://api.anthropic.com";

const API_VERSION: &str = "2023-06-01";

/// Limit for a response body.
const BODY_BYTES: usize = 4 * 1024 * 1024;

/// Limit for one request and its response.
const CALL_TIME: Duration = Duration::from_secs(180);

/// Limit for the check of the key.
const CHECK_TIME: Duration = Duration::from_secs(10);

/// Default budget of a run: several thousand verdicts with an image each.
const BUDGET_TOKENS: u64 = 10_000_000;

#[derive(Debug, Clone)]
pub struct ClaudeOptions {
    /// The base URL of the API. Default: Anthropic's own.
    pub base_url: Option<String>,
    pub credential: Credential,
    pub retry: RetryPolicy,
    /// Tokens, input and output together, after which the client sends no more requests.
    pub budget_tokens: u64,
}

/// How requests are authorized.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A key of the API (`ANTHROPIC_API_KEY`).
    Key(SecretString),
    /// A bearer token, as gateways take it (`ANTHROPIC_AUTH_TOKEN`).
    Token(SecretString),
}

impl ClaudeOptions {
    pub fn new(base_url: Option<String>, credential: Credential) -> Self {
        Self { base_url, credential, retry: RetryPolicy::HTTP, budget_tokens: BUDGET_TOKENS }
    }
}

pub struct RealClaude {
    http: reqwest::Client,
    endpoint: Url,
    /// The header that authorizes a request, and its value.
    authorization: (&'static str, HeaderValue),
    retry: RetryPolicy,
    budget: u64,
    spent: AtomicU64,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for RealClaude {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RealClaude").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

#[derive(Debug, Deserialize)]
struct MessageResponse {
    #[serde(default)]
    content: Vec<ResponseBlock>,
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Usage,
}

#[derive(Debug, Deserialize)]
struct ResponseBlock {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    input: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Usage {
    input_tokens: u64,
    output_tokens: u64,
}

impl RealClaude {
    /// Creates a client without sending anything.
    pub fn new(options: ClaudeOptions, clock: Arc<dyn Clock>) -> Result<Self, ClaudeError> {
        let ClaudeOptions { base_url, credential, retry, budget_tokens } = options;
        let (endpoint, is_private) = endpoint(base_url.as_deref().unwrap_or(BASE_URL)).map_err(ClaudeError::own)?;
        let http = HttpOptions { use_proxy: !is_private, read_timeout: CALL_TIME, ..HttpOptions::default() };
        let http = build_client(&http).map_err(|error| ClaudeError::own(error.into()))?;
        let (header, value) = match &credential {
            Credential::Key(key) => ("x-api-key", key.expose_secret().trim().to_owned()),
            Credential::Token(token) => ("authorization", format!("Bearer {}", token.expose_secret().trim())),
        };
        let mut value = HeaderValue::try_from(value).map_err(|_invalid| {
            // The cause is dropped: nothing about a key is worth the risk of showing it.
            ClaudeError::own(ClaudeFailure::Unauthorized("it contains invalid characters".to_owned()))
        })?;
        value.set_sensitive(true);
        if endpoint.scheme() == "http" && !is_loopback(&endpoint) {
            tracing::warn!(host = endpoint.host_str(), "the credential for Claude is sent unencrypted over a private network");
        }
        Ok(Self { http, endpoint, authorization: (header, value), retry, budget: budget_tokens, spent: AtomicU64::new(0), clock })
    }

    /// Fails if the service rejects the key. Asks nothing of a model, so it costs nothing. Any other trouble is left to the first question.
    pub async fn check_key(&self) -> Result<(), ClaudeError> {
        let Ok(url) = self.endpoint.join("models?limit=1") else { return Ok(()) };
        let request = self.http.get(url).timeout(CHECK_TIME).header(self.authorization.0, self.authorization.1.clone());
        let Ok(answer) = request.header("anthropic-version", API_VERSION).send().await else { return Ok(()) };
        let status = answer.status();
        let request_id = answer.headers().get("request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        if status != StatusCode::UNAUTHORIZED {
            return Ok(());
        }
        let body = read_bounded(answer, BODY_BYTES).await.unwrap_or_default();
        Err(ClaudeError { failure: failure_of(status, &body), request_id })
    }

    /// Tokens used so far, input and output together.
    pub fn spent_tokens(&self) -> u64 {
        self.spent.load(Ordering::Relaxed)
    }

    async fn once(&self, request: &ToolRequest, body: bytes::Bytes) -> Result<Value, FailedAttempt<ClaudeError>> {
        let response = self
            .http
            .post(self.endpoint.clone())
            .timeout(CALL_TIME)
            .header(self.authorization.0, self.authorization.1.clone())
            .header("anthropic-version", API_VERSION)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await;
        let answer = response.map_err(|error| transport(&error.without_url()))?;
        let status = answer.status();
        let headers = answer.headers().clone();
        let request_id = headers.get("request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let body = read_bounded(answer, BODY_BYTES).await.map_err(|error| transport(&error))?;
        if status != StatusCode::OK {
            let failure = failure_of(status, &body);
            let again = match failure {
                ClaudeFailure::RateLimited(_) | ClaudeFailure::Overloaded(_) | ClaudeFailure::Service { .. } => {
                    Retry::After(requested_wait(&headers, &body, self.clock.now()))
                }
                _ => Retry::No,
            };
            return Err(FailedAttempt { error: ClaudeError { failure, request_id }, again });
        }
        let failed = |failure| FailedAttempt { error: ClaudeError { failure, request_id: request_id.clone() }, again: Retry::No };
        let answer: MessageResponse = serde_json::from_slice(&body)
            .map_err(|error| failed(ClaudeFailure::Unusable(format!("it is not a message: {error}"))))?;
        self.spent.fetch_add(answer.usage.input_tokens.saturating_add(answer.usage.output_tokens), Ordering::Relaxed);
        match answer.stop_reason.as_deref() {
            Some("max_tokens") => return Err(failed(ClaudeFailure::CutOff { max_tokens: request.max_tokens })),
            Some("refusal") => return Err(failed(ClaudeFailure::Declined)),
            _ => {}
        }
        let used = answer.content.into_iter().find(|block| block.kind == "tool_use" && block.name.as_deref() == Some(request.tool));
        match used.and_then(|block| block.input) {
            Some(input @ Value::Object(_)) => Ok(input),
            _ => Err(failed(ClaudeFailure::Unusable(format!("it does not use the tool '{}'", request.tool)))),
        }
    }
}

impl Claude for RealClaude {
    fn use_tool<'a>(&'a self, request: &'a ToolRequest) -> BoxFuture<'a, Result<Value, ClaudeError>> {
        Box::pin(async move {
            let body = bytes::Bytes::from(request.body().to_string());
            // A request can be dropped at any time, because it creates nothing.
            let cancelled = CancellationToken::new();
            let call = retry(
                self.retry,
                &cancelled,
                |failed: &FailedAttempt<ClaudeError>| failed.again,
                || async {
                    if self.spent_tokens() >= self.budget {
                        let error = ClaudeError::own(ClaudeFailure::BudgetSpent { budget: self.budget });
                        return Err(FailedAttempt { error, again: Retry::No });
                    }
                    self.once(request, body.clone()).await
                },
            );
            match call.await {
                Ok(input) => Ok(input),
                Err(RetryError::Failed(failed)) => Err(failed.error),
                Err(RetryError::Cancelled) => Err(ClaudeError::own(ClaudeFailure::Transport("it was canceled".to_owned()))),
            }
        })
    }
}

fn transport(error: &(dyn std::error::Error + 'static)) -> FailedAttempt<ClaudeError> {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    FailedAttempt { error: ClaudeError::own(ClaudeFailure::Transport(message)), again: Retry::After(None) }
}

/// The URL of the Messages API, and whether it is on this machine or a private network.
fn endpoint(base_url: &str) -> Result<(Url, bool), ClaudeFailure> {
    let wrong = |why: &str| ClaudeFailure::BaseUrl(format!("{base_url}: {why}"));
    let url: Url = base_url.parse().map_err(|error: url::ParseError| wrong(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        // The URL is not shown, because it may contain a secret.
        return Err(ClaudeFailure::BaseUrl("it contains a user name, a password or a query".to_owned()));
    }
    let is_private = url.host().is_some_and(|host| private_address::is_private_host(&host) || is_private_name(&host));
    match url.scheme() {
        "https" => {}
        "http" if is_private => {}
        _ => return Err(wrong("it must start with https:, so that the key stays secret")),
    }
    // Some clients want the version in the base URL.
    let path = url.path().trim_end_matches('/');
    let path = format!("{}/v1/messages", path.strip_suffix("/v1").unwrap_or(path));
    let mut endpoint = url;
    endpoint.set_path(&path);
    Ok((endpoint, is_private))
}

/// Whether a name is used within private networks alone: public names have a dot and another ending.
fn is_private_name(host: &Host<&str>) -> bool {
    const ENDINGS: [&str; 7] = [".internal", ".local", ".lan", ".home.arpa", ".svc", ".cluster.local", ".intranet"];
    match host {
        Host::Domain(name) => !name.contains('.') || ENDINGS.iter().any(|ending| name.ends_with(ending)),
        Host::Ipv4(_) | Host::Ipv6(_) => false,
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_sent_only_encrypted_or_to_this_machine() {
        assert_eq!(endpoint("https://proxy.example/claude/").unwrap().0.as_str(), "https://proxy.example/claude/v1/messages");
        assert_eq!(endpoint("http://127.0.0.1:9").unwrap().0.as_str(), "http://127.0.0.1:9/v1/messages");
        for base in ["https://proxy.example/v1", "https://proxy.example/v1/", "https://proxy.example"] {
            assert_eq!(endpoint(base).unwrap().0.as_str(), "https://proxy.example/v1/messages");
        }
        for private in ["http://gateway:4000", "http://litellm.internal/v1", "http://claude.svc.cluster.local", "http://10.0.0.7"] {
            assert!(endpoint(private).unwrap().1, "{private}");
        }
        for wrong in ["http://claude.example", "ftp://x", "claude", "https://user:hush@claude.example"] {
            let error = endpoint(wrong).unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
