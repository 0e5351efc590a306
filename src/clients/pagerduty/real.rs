//! The client of the real service.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cog_findings::text::shorten;
use futures::future::BoxFuture;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::clients::http::{FailedAttempt, HttpOptions, Retry, RetryError, build_client, read_bounded, requested_wait, retry};
use crate::clients::pagerduty::{AlertEvent, Alerts, PagerDutyError, PagerDutyFailure};
use crate::support::clock::Clock;
use crate::support::retry::RetryPolicy;
use crate::support::secrets::Redactor;
use crate::support::{ExposeSecret, SecretString};

/// PagerDuty's own endpoint.
const EVENTS_URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// PagerDuty's limits: characters of a summary and of a key.
const SUMMARY_CHARACTERS: usize = 1024;
const DEDUP_KEY_CHARACTERS: usize = 255;

const ROUTING_KEY_CHARACTERS: usize = 32;

/// Limit for a response body.
const BODY_BYTES: usize = 256 * 1024;

/// Limit for one request and its response.
const CALL_TIME: Duration = Duration::from_secs(20);

/// How much of the service's message an error keeps.
const DETAIL_BYTES: usize = 300;

/// Alerts are retried for about half a minute.
const ALERT_RETRY: RetryPolicy =
    RetryPolicy { retries: 4, first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(15) };

#[derive(Debug, Clone)]
pub struct PagerDutyOptions {
    /// The URL to which events are sent. Default: PagerDuty's own.
    pub events_url: Option<String>,
    pub routing_key: SecretString,
    pub retry: RetryPolicy,
    /// Hides secrets in alerts, apart from the key itself.
    pub redactor: Redactor,
}

impl PagerDutyOptions {
    /// The default options.
    pub fn new(events_url: Option<String>, routing_key: SecretString, redactor: Redactor) -> Self {
        Self { events_url, routing_key, retry: ALERT_RETRY, redactor }
    }
}

pub struct RealPagerDuty {
    http: reqwest::Client,
    endpoint: Url,
    routing_key: SecretString,
    retry: RetryPolicy,
    redactor: Redactor,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for RealPagerDuty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RealPagerDuty").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EventResponse {
    message: String,
    errors: Vec<String>,
}

impl RealPagerDuty {
    /// Creates a client without sending anything.
    pub fn new(options: PagerDutyOptions, clock: Arc<dyn Clock>) -> Result<Self, PagerDutyError> {
        let failed = |failure| PagerDutyError { attempt: "prepare alerts".to_owned(), failure };
        let PagerDutyOptions { events_url, routing_key, retry, redactor } = options;
        let (endpoint, is_private) = endpoint(events_url.as_deref().unwrap_or(EVENTS_URL)).map_err(failed)?;
        let key = routing_key.expose_secret().trim();
        if key.len() != ROUTING_KEY_CHARACTERS || !key.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(failed(PagerDutyFailure::Key));
        }
        let routing_key = SecretString::from(key);
        let http = HttpOptions { use_proxy: !is_private, read_timeout: CALL_TIME, ..HttpOptions::default() };
        let http = build_client(&http).map_err(|error| failed(error.into()))?;
        Ok(Self { http, endpoint, routing_key, retry, redactor, clock })
    }

    async fn once(&self, body: String) -> Result<(), FailedAttempt<PagerDutyFailure>> {
        let transport = |message: String| FailedAttempt { error: PagerDutyFailure::Transport(message), again: Retry::After(None) };
        let request = self.http.post(self.endpoint.clone()).timeout(CALL_TIME).header(CONTENT_TYPE, "application/json").body(body);
        let answer = request.send().await.map_err(|error| transport(error.without_url().to_string()))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = read_bounded(answer, BODY_BYTES).await.map_err(|error| transport(error.to_string()))?;
        if status == StatusCode::ACCEPTED {
            return Ok(());
        }
        let wait = requested_wait(&headers, &body, self.clock.now());
        let failure = failure_of(status, &body);
        let again = if matches!(failure, PagerDutyFailure::Refused(_)) { Retry::No } else { Retry::After(wait) };
        Err(FailedAttempt { error: failure, again })
    }
}

impl Alerts for RealPagerDuty {
    fn send<'a>(&'a self, event: &'a AlertEvent) -> BoxFuture<'a, Result<(), PagerDutyError>> {
        Box::pin(async move {
            let mut body = self.redactor.json(body(event, self.clock.as_ref())).into_inner();
            body["routing_key"] = self.routing_key.expose_secret().into();
            let body = body.to_string();
            // Sent even if the run was canceled. A caller that does not want to wait drops the future.
            let never = CancellationToken::new();
            let sent =
                retry(self.retry, &never, |failed: &FailedAttempt<PagerDutyFailure>| failed.again, || self.once(body.clone()))
                    .await;
            let failure = match sent {
                Ok(()) => return Ok(()),
                Err(RetryError::Failed(failed)) => failed.error,
                Err(RetryError::Cancelled) => PagerDutyFailure::Transport("it was canceled".to_owned()),
            };
            Err(PagerDutyError { attempt: event.to_string(), failure })
        })
    }
}

/// An event in the service's format, without the key.
fn body(event: &AlertEvent, clock: &dyn Clock) -> Value {
    let key = |dedup_key: &str| dedup_key.chars().take(DEDUP_KEY_CHARACTERS).collect::<String>();
    match event {
        AlertEvent::Resolve { dedup_key } => {
            json!({"event_action": "resolve", "dedup_key": key(dedup_key)})
        }
        AlertEvent::Trigger { dedup_key, summary, source, severity, details } => json!({
            "event_action": "trigger",
            "dedup_key": key(dedup_key),
            "client": "safe-push",
            "payload": {
                "summary": summary.chars().take(SUMMARY_CHARACTERS).collect::<String>(),
                "source": source,
                "severity": severity.as_str(),
                "timestamp": clock.now().to_rfc3339(),
                "custom_details": details,
            },
        }),
    }
}

fn failure_of(status: StatusCode, body: &[u8]) -> PagerDutyFailure {
    let answer: EventResponse = serde_json::from_slice(body).unwrap_or_default();
    let mut detail = answer.message;
    if !answer.errors.is_empty() {
        detail = format!("{detail} ({})", answer.errors.join(", "));
    }
    let detail = shorten(&detail, DETAIL_BYTES);
    match status.as_u16() {
        429 => PagerDutyFailure::RateLimited,
        400..=499 if status != StatusCode::REQUEST_TIMEOUT => PagerDutyFailure::Refused(detail),
        _ => PagerDutyFailure::Service { status, detail },
    }
}

/// The endpoint, and whether it is on this machine or a private network.
fn endpoint(text: &str) -> Result<(Url, bool), PagerDutyFailure> {
    let url: Url = text.parse().map_err(|error: url::ParseError| PagerDutyFailure::Url(error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(PagerDutyFailure::Url("it contains a user name or a password".to_owned()));
    }
    let is_private = url.host().is_some_and(|host| private_address::is_private_host(&host));
    match url.scheme() {
        "https" => Ok((url, is_private)),
        "http" if is_private => Ok((url, is_private)),
        _ => Err(PagerDutyFailure::Url("it must start with https:, so that the key stays secret".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::clock::SystemClock;

    #[test]
    fn the_key_is_sent_only_encrypted_or_to_this_machine() {
        assert!(endpoint("https://events.pagerduty.com/v2/enqueue").is_ok());
        assert!(endpoint("http://127.0.0.1:9/v2/enqueue").is_ok());
        for wrong in ["http://events.example", "ftp://x", "pagerduty", "https://user:hush@events.example"] {
            let error = endpoint(wrong).unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn an_invalid_key_is_rejected_without_showing_it() {
        for key in ["", "hunter2", &"é".repeat(16), &"a".repeat(33)] {
            let error = RealPagerDuty::new(
                PagerDutyOptions::new(None, SecretString::from(key), Redactor::default()),
                Arc::new(SystemClock),
            )
            .unwrap_err();
            assert!(matches!(error.failure, PagerDutyFailure::Key), "{error}");
            assert!(key.is_empty() || !error.to_string().contains(key));
        }
    }

    #[test]
    fn limits_of_the_service_are_kept() {
        let event = AlertEvent::Trigger {
            dedup_key: "k".repeat(400),
            summary: "ä".repeat(2000),
            source: "here".to_owned(),
            severity: crate::clients::pagerduty::AlertSeverity::Error,
            details: json!({}),
        };
        let body = body(&event, &SystemClock);
        assert_eq!(body["dedup_key"].as_str().unwrap().chars().count(), 255);
        assert_eq!(body["payload"]["summary"].as_str().unwrap().chars().count(), 1024);
    }
}
