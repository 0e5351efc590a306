//! A URL of the user's that takes one JSON document per run.
//!
//! The URL is a secret: anyone who knows a URL of Slack or Teams can write to the channel. Errors never show it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::clients::http::{FailedAttempt, HttpBuildError, HttpOptions, Retry, RetryError, build_client, requested_wait, retry};
use crate::support::clock::Clock;
use crate::support::retry::RetryPolicy;
use crate::support::secrets::Redacted;
use crate::support::{ExposeSecret, SecretString};

/// Limit for one request and its response.
const CALL_TIME: Duration = Duration::from_secs(10);

/// A document is retried for about ten seconds.
pub const WEBHOOK_RETRY: RetryPolicy =
    RetryPolicy { retries: 3, first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(5) };

/// The document was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The URL is invalid, or would be sent unencrypted.
    #[error("its URL is invalid: {0}")]
    Url(&'static str),
    /// The HTTP client could not be built.
    #[error(transparent)]
    Client(#[from] HttpBuildError),
    /// Another status than one of success.
    #[error("it answered with status {0}")]
    Status(u16),
    /// No response arrived.
    #[error("no response: {0}")]
    Transport(String),
}

/// A client of one URL.
pub struct Webhook {
    http: reqwest::Client,
    url: Url,
    retry: RetryPolicy,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Webhook").finish_non_exhaustive()
    }
}

impl Webhook {
    /// Creates a client without sending anything.
    ///
    /// # Errors
    /// The URL is not valid, or neither encrypted nor on a private network.
    pub fn new(url: &SecretString, retry: RetryPolicy, clock: Arc<dyn Clock>) -> Result<Self, WebhookError> {
        let url: Url = url.expose_secret().trim().parse().map_err(|_unreadable| WebhookError::Url("it cannot be read"))?;
        let is_private = url.host().is_some_and(|host| private_address::is_private_host(&host));
        if url.scheme() != "https" && !(url.scheme() == "http" && is_private) {
            return Err(WebhookError::Url("only https: keeps it secret"));
        }
        let http = build_client(&HttpOptions { use_proxy: !is_private, read_timeout: CALL_TIME, ..HttpOptions::default() })?;
        Ok(Self { http, url, retry, clock })
    }

    /// Sends a document. Repeated only when the other side cannot have taken it.
    ///
    /// # Errors
    /// When it was not accepted, also after the last attempt.
    pub async fn send(&self, document: &Redacted<Value>) -> Result<(), WebhookError> {
        let body = document.to_string();
        let never = CancellationToken::new();
        match retry(self.retry, &never, |failed: &FailedAttempt<WebhookError>| failed.again, || self.once(body.clone())).await {
            Ok(()) => Ok(()),
            Err(RetryError::Failed(failed)) => Err(failed.error),
            Err(RetryError::Cancelled) => Err(WebhookError::Transport("it was canceled".to_owned())),
        }
    }

    async fn once(&self, body: String) -> Result<(), FailedAttempt<WebhookError>> {
        let request = self.http.post(self.url.clone()).timeout(CALL_TIME).header(CONTENT_TYPE, "application/json").body(body);
        let answer = request.send().await.map_err(|error| {
            let again = if error.is_connect() { Retry::After(None) } else { Retry::No };
            FailedAttempt { error: WebhookError::Transport(error.without_url().to_string()), again }
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let again = match status.as_u16() {
            429 | 503 => Retry::After(requested_wait(answer.headers(), &[], self.clock.now())),
            _ => Retry::No,
        };
        Err(FailedAttempt { error: WebhookError::Status(status.as_u16()), again })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wiremock::matchers::{body_json, header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::support::clock::SystemClock;
    use crate::support::secrets::Redactor;

    fn webhook(url: &str) -> Result<Webhook, WebhookError> {
        let retry = RetryPolicy { retries: 2, first_wait: Duration::from_millis(1), longest_wait: Duration::from_millis(1) };
        Webhook::new(&SecretString::from(url), retry, Arc::new(SystemClock))
    }

    #[test]
    fn the_address_is_sent_only_encrypted_or_to_a_private_network() {
        assert!(webhook("https://hooks.slack.com/services/T0/B0/hushhush").is_ok());
        assert!(webhook("http://127.0.0.1:9/hushhush").is_ok());
        for wrong in ["http://hooks.example/hushhush", "ftp://hooks.example/hushhush", "hushhush"] {
            let error = webhook(wrong).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
        }
    }

    #[tokio::test]
    async fn one_document_is_posted_without_secrets() {
        let server = MockServer::start().await;
        let accepted = Mock::given(method("POST")).and(path("/hook")).and(header("content-type", "application/json"));
        accepted
            .and(body_json(json!({"text": "used ***"})))
            .respond_with(ResponseTemplate::new(200))
            .expect(1)
            .mount(&server)
            .await;
        let document = Redactor::of(["token-of-this-run"]).json(json!({"text": "used token-of-this-run"}));
        webhook(&format!("{}/hook", server.uri())).unwrap().send(&document).await.unwrap();
    }

    #[tokio::test]
    async fn only_what_cannot_have_arrived_is_sent_again() {
        for (status, requests) in [(429, 3), (503, 3), (500, 1), (404, 1)] {
            let server = MockServer::start().await;
            Mock::given(method("POST")).respond_with(ResponseTemplate::new(status)).expect(requests).mount(&server).await;
            let error = webhook(&server.uri()).unwrap().send(&Redactor::default().json(json!({}))).await.unwrap_err();
            assert!(matches!(error, WebhookError::Status(found) if found == status), "{error}");
        }
    }
}
