//! The server, and the predictions that run on it.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use reqwest::header::AUTHORIZATION;
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};
use url::Url;

use super::protocol::{Health, HealthState, Reply, read_reply};
use crate::clients::ErrorKind;
use crate::clients::http::{HttpOptions, build_client, read_bounded};
use crate::clients::replicate::{BaseUrl, RealReplicate, ReplicateError, ReplicateOptions};
use crate::domain::prediction::{Inputs, Prediction, PredictionId, PredictionStatus, reported_time};
use crate::support::clock::Clock;
use crate::support::locks::lock;
use crate::support::{ExposeSecret, SecretString};

/// Largest response: files of the output are part of it.
const REPLY_BYTES: usize = 512 * 1024 * 1024;

/// Limit for a short request.
const SHORT: Duration = Duration::from_secs(30);

/// How long a response may take to start. Limits of predictions are their own.
const LONGEST: Duration = Duration::from_secs(8 * 24 * 3600);

/// Waits between two tries on a server that is busy or starting.
const BUSY_WAIT: Duration = Duration::from_millis(100);

/// A server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CogServerError {
    /// The address is not a URL, or has parts that it must not have.
    #[error("'{0}' is not the http or https URL of a server")]
    Url(String),
    /// The token cannot be sent.
    #[error("COG_SERVER_TOKEN contains invalid characters")]
    Token,
    /// The client could not be set up.
    #[error("failed to set up the client of the server")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It did not answer, or not as a Cog server does.
    #[error("{url} does not answer as a Cog server: {problem}")]
    NotCog {
        /// The address of the server.
        url: String,
        /// What it answered instead.
        problem: String,
    },
}

impl CogServerError {
    /// Who is responsible.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Url(_) | Self::Token => ErrorKind::Request,
            Self::Client(_) | Self::NotCog { .. } => ErrorKind::Service,
        }
    }
}

/// A running Cog server. Clones share their predictions.
#[derive(Clone)]
pub struct CogServer {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    base: Url,
    http: reqwest::Client,
    authorization: Option<HeaderValue>,
    pub(super) clock: Arc<dyn Clock>,
    /// For the URLs of files in outputs.
    pub(super) files: RealReplicate,
    pub(super) predictions: Mutex<HashMap<PredictionId, Prediction>>,
    pub(super) requests: AtomicU64,
}

impl fmt::Debug for CogServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CogServer").field("base", &self.inner.base.as_str()).finish_non_exhaustive()
    }
}

impl CogServer {
    /// A client of the server at this URL. Sends nothing.
    ///
    /// # Errors
    /// The URL or the token cannot be used.
    pub fn new(url: &str, token: Option<&SecretString>, clock: Arc<dyn Clock>) -> Result<Self, CogServerError> {
        // A URL with a user name may hold a password.
        let shown = if url.contains('@') { "***".to_owned() } else { url.chars().take(200).collect() };
        let wrong = || CogServerError::Url(shown.clone());
        let base: Url = url.parse().map_err(|_error| wrong())?;
        let is_plain =
            base.username().is_empty() && base.password().is_none() && base.query().is_none() && base.fragment().is_none();
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() || !is_plain {
            return Err(wrong());
        }
        let authorization = token
            .map(|token| {
                let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret().trim()))
                    .map_err(|_invalid| CogServerError::Token)?;
                value.set_sensitive(true);
                Ok::<_, CogServerError>(value)
            })
            .transpose()?;
        let is_private = base.host().is_some_and(|host| private_address::is_private_host(&host));
        let options = HttpOptions { use_proxy: !is_private, read_timeout: LONGEST, ..HttpOptions::default() };
        let http = build_client(&options).map_err(|error| CogServerError::Client(error.into()))?;
        let base_url: BaseUrl = base.as_str().parse().map_err(|_error| wrong())?;
        // No token of Replicate's is sent anywhere: outputs of a server are files of its own.
        let nobody = SecretString::from("no-token");
        let files = RealReplicate::new(ReplicateOptions::new(base_url, nobody), Arc::clone(&clock));
        let files = files.map_err(|error: ReplicateError| CogServerError::Client(error.into()))?;
        let (predictions, requests) = (Mutex::default(), AtomicU64::new(0));
        Ok(Self { inner: Arc::new(Inner { base, http, authorization, clock, files, predictions, requests }) })
    }

    /// The address without a trailing slash.
    pub fn url(&self) -> String {
        self.inner.base.as_str().trim_end_matches('/').to_owned()
    }

    /// Waits until the server has booted, and returns its OpenAPI document.
    ///
    /// # Errors
    /// It does not answer as a Cog server, its `setup()` failed, or it takes longer than `limit`.
    pub async fn schema(&self, limit: Duration) -> Result<Value, CogServerError> {
        let not_cog = |problem: String| CogServerError::NotCog { url: self.url(), problem };
        let waiting = async {
            loop {
                let health = self.inner.health().await.map_err(not_cog)?;
                match health.status {
                    HealthState::Ready | HealthState::Busy | HealthState::Unhealthy => break,
                    HealthState::SetupFailed | HealthState::Defunct => {
                        let logs = cog_findings::text::last_lines(health.setup_logs(), 20);
                        return Err(not_cog(format!("its setup failed:\n{logs}")));
                    }
                    HealthState::Starting | HealthState::Unknown => tokio::time::sleep(BUSY_WAIT * 5).await,
                }
            }
            let (status, body) = self.inner.send(Method::GET, "openapi.json", None, Some(SHORT)).await.map_err(not_cog)?;
            let document: Option<Value> = serde_json::from_slice(&body).ok();
            document.filter(|_| status == StatusCode::OK).ok_or_else(|| not_cog(format!("/openapi.json answers {status}")))
        };
        tokio::time::timeout(limit, waiting)
            .await
            .map_err(|_elapsed| not_cog(format!("it was not ready within {} s", limit.as_secs())))?
    }
}

impl Inner {
    async fn health(&self) -> Result<Health, String> {
        let (status, body) = self.send(Method::GET, "health-check", None, Some(SHORT)).await?;
        serde_json::from_slice(&body).map_err(|_error| format!("/health-check answers {status} without a status"))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        limit: Option<Duration>,
    ) -> Result<(StatusCode, Bytes), String> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        let mut request = self.http.request(method, url);
        if let Some(value) = &self.authorization {
            request = request.header(AUTHORIZATION, value.clone());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(limit) = limit {
            request = request.timeout(limit);
        }
        let chain = |error: &dyn std::error::Error| {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            text
        };
        let response = request.send().await.map_err(|error| chain(&error.without_url()))?;
        let status = response.status();
        let body = read_bounded(response, REPLY_BYTES).await.map_err(|error| chain(&error))?;
        Ok((status, body))
    }

    fn update(&self, id: &PredictionId, change: impl FnOnce(&mut Prediction)) {
        if let Some(prediction) = lock(&self.predictions).get_mut(id)
            && !prediction.status.is_terminal()
        {
            change(prediction);
        }
    }

    pub(super) fn state(&self, id: &PredictionId) -> Option<Prediction> {
        lock(&self.predictions).get(id).cloned()
    }

    /// Runs a prediction to its end. Returns why its inputs were rejected, if they were.
    pub(super) async fn run(&self, id: PredictionId, inputs: Inputs) -> Option<String> {
        let refusal = self.run_inner(&id, inputs).await;
        self.update(&id, |prediction| {
            // Whatever happened, nobody waits for a prediction that does not run.
            prediction.status = PredictionStatus::Failed;
            prediction.error = Some(refusal.clone().unwrap_or_else(|| "the server lost the prediction".to_owned()));
        });
        refusal
    }

    async fn run_inner(&self, id: &PredictionId, inputs: Inputs) -> Option<String> {
        // coglet rejects an explicit null even where the schema allows it.
        let input: Map<String, Value> = inputs.into_iter().filter(|(_, value)| !value.is_null()).collect();
        let body = json!({ "input": input });
        loop {
            match self.health().await {
                Ok(Health { status: HealthState::SetupFailed | HealthState::Defunct, .. }) => {
                    self.fail(id, "the model's setup failed".to_owned());
                    return None;
                }
                // A server that is busy may still take another prediction.
                Ok(Health { status: HealthState::Ready | HealthState::Busy | HealthState::Unhealthy, .. }) => {}
                Ok(_) => {
                    if !self.is_wanted(id) {
                        return None;
                    }
                    tokio::time::sleep(BUSY_WAIT).await;
                    continue;
                }
                Err(problem) => {
                    self.fail(id, format!("the server does not answer: {problem}"));
                    return None;
                }
            }
            let started = self.clock.now();
            self.update(id, |prediction| {
                prediction.status = PredictionStatus::Processing;
                prediction.started_at = Some(started);
            });
            let (reply, logs) = match self.send(Method::PUT, &format!("predictions/{id}"), Some(&body), None).await {
                Ok((status, body)) => read_reply(status, &body),
                Err(problem) => {
                    self.fail(id, format!("the server did not finish its response: {problem}"));
                    return None;
                }
            };
            let ended = self.clock.now();
            match reply {
                Reply::Busy => {
                    self.update(id, |prediction| {
                        prediction.status = PredictionStatus::Starting;
                        prediction.started_at = None;
                    });
                    if !self.is_wanted(id) {
                        return None;
                    }
                    tokio::time::sleep(BUSY_WAIT).await;
                }
                Reply::Refused(detail) => return Some(detail),
                Reply::Failed(error) => {
                    self.end(id, PredictionStatus::Failed, logs, ended, |prediction| prediction.error = Some(error));
                    return None;
                }
                Reply::Canceled => {
                    self.end(id, PredictionStatus::Canceled, logs, ended, |_| {});
                    return None;
                }
                Reply::Succeeded { output, metrics } => {
                    let seconds = metrics.get("predict_time").and_then(Value::as_f64);
                    let measured = (ended - started).to_std().ok();
                    self.end(id, PredictionStatus::Succeeded, logs, ended, |prediction| {
                        prediction.output = Some(output);
                        prediction.predict_time = seconds.and_then(reported_time).or(measured);
                        prediction.metrics = metrics;
                    });
                    return None;
                }
            }
        }
    }

    /// Whether the prediction was not canceled meanwhile.
    fn is_wanted(&self, id: &PredictionId) -> bool {
        self.state(id).is_some_and(|prediction| !prediction.status.is_terminal())
    }

    fn fail(&self, id: &PredictionId, error: String) {
        let ended = self.clock.now();
        self.end(id, PredictionStatus::Failed, String::new(), ended, |prediction| prediction.error = Some(error));
    }

    fn end(
        &self,
        id: &PredictionId,
        status: PredictionStatus,
        logs: String,
        ended: chrono::DateTime<chrono::Utc>,
        change: impl FnOnce(&mut Prediction),
    ) {
        self.update(id, |prediction| {
            change(prediction);
            prediction.status = status;
            prediction.logs = logs;
            prediction.completed_at = Some(ended);
        });
    }

    /// Cancels a prediction. One that waits for its turn never starts.
    pub(super) async fn cancel(&self, id: &PredictionId) {
        // Both servers answer 404 for a prediction that has finished, or has not started.
        let response = self.send(Method::POST, &format!("predictions/{id}/cancel"), Some(&json!({})), Some(SHORT)).await;
        if !matches!(response, Ok((StatusCode::OK, _))) {
            let now = self.clock.now();
            self.end(id, PredictionStatus::Canceled, String::new(), now, |_| {});
        }
    }
}
