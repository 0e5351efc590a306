//! Talks to the HTTP server in a Cog container: FastAPI up to 0.16, coglet from 0.17. See
//! `docs/reference/cog.md#fastapi-and-coglet`.
//!
//! Predictions are sent with `PUT` under an id of ours, so that they can be canceled. They are answered when they are done, because
//! neither server lets a client poll.

use std::time::Duration;

use axum::body::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::engine::{EngineJob, Outcome};
use super::super::job_kind::JobKind;

const MAX_REPLY_BYTES: usize = 100 * 1024 * 1024;
const MAX_HEALTH_BYTES: usize = 4 * 1024 * 1024;
const MAX_ERROR_CHARS: usize = 4_000;
const SHORT_REQUEST: Duration = Duration::from_secs(2);

/// The server of one container.
#[derive(Debug, Clone)]
pub(super) struct CogServer {
    address: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// A request failed to get a readable response.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProtocolError {
    #[error("failed to reach the model's server")]
    Connection(#[source] hyper_util::client::legacy::Error),
    #[error("the model's server did not respond in time")]
    Timeout,
    #[error("the model's response, with its output and its logs, is larger than {} MB", MAX_REPLY_BYTES / 1024 / 1024)]
    TooLarge,
    #[error("the model's response is incomplete")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("failed to parse the model's response")]
    Json(#[from] serde_json::Error),
    #[error("failed to build the request")]
    Request(#[from] http::Error),
}

/// The state in `/health-check`. Both servers use the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum HealthState {
    Starting,
    Ready,
    Busy,
    SetupFailed,
    Defunct,
    Unhealthy,
    #[serde(other)]
    Unknown,
}

/// The response of `/health-check`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Health {
    pub(super) status: HealthState,
    #[serde(default)]
    setup: Option<SetupReport>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct SetupReport {
    #[serde(default)]
    logs: Option<String>,
}

impl Health {
    /// The output of `setup()`.
    pub(super) fn setup_logs(&self) -> &str {
        self.setup.as_ref().and_then(|setup| setup.logs.as_deref()).unwrap_or_default()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum JobResponse {
    /// The job is finished. The logs are FastAPI's; coglet omits them for failures.
    Done { outcome: Outcome, logs: String },
    /// Another job is running: try again.
    Busy,
}

impl CogServer {
    /// The server at `host:port`.
    pub(super) fn new(address: String) -> Self {
        Self { address, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub(super) async fn health(&self) -> Result<Health, ProtocolError> {
        let ask = self.send(Method::GET, "/health-check", None, MAX_HEALTH_BYTES);
        let (_, body) = tokio::time::timeout(SHORT_REQUEST, ask).await.map_err(|_elapsed| ProtocolError::Timeout)??;
        Ok(serde_json::from_slice(&body)?)
    }

    /// Sends a job and waits until it is finished.
    pub(super) async fn run(&self, job: &EngineJob) -> Result<JobResponse, ProtocolError> {
        let path = format!("/{}/{}", collection(job.kind), job.id);
        // coglet rejects an explicit null even where the schema allows it. For both servers an absent member means the same.
        let input: Map<String, Value> =
            job.input.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())).collect();
        let (status, body) = self.send(Method::PUT, &path, Some(&json!({ "input": input })), MAX_REPLY_BYTES).await?;
        Ok(read_reply(status, &body))
    }

    /// Asks the server to cancel a job, and returns whether it is still running. Both servers answer 404 for a finished job.
    pub(super) async fn cancel(&self, kind: JobKind, id: &str) -> Result<bool, ProtocolError> {
        let path = format!("/{}/{id}/cancel", collection(kind));
        let ask = self.send(Method::POST, &path, None, MAX_HEALTH_BYTES);
        let (status, _) = tokio::time::timeout(SHORT_REQUEST, ask).await.map_err(|_elapsed| ProtocolError::Timeout)??;
        Ok(status != StatusCode::NOT_FOUND)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        limit: usize,
    ) -> Result<(StatusCode, Bytes), ProtocolError> {
        let request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        let request = match body {
            Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(Full::from(serde_json::to_vec(body)?))?,
            None => request.body(Full::default())?,
        };
        let (parts, body) = self.client.request(request).await.map_err(ProtocolError::Connection)?.into_parts();
        let body = Limited::new(body, limit).collect().await.map_err(body_error)?.to_bytes();
        Ok((parts.status, body))
    }
}

fn body_error(cause: Box<dyn std::error::Error + Send + Sync>) -> ProtocolError {
    if cause.is::<LengthLimitError>() { ProtocolError::TooLarge } else { ProtocolError::Body(cause) }
}

/// In train mode both servers listen under `/trainings`. FastAPI's `/predictions` would call `train()` with the inputs of
/// `predict()`.
fn collection(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Prediction => "predictions",
        JobKind::Training => "trainings",
    }
}

fn read_reply(status: StatusCode, body: &[u8]) -> JobResponse {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    // 202 is FastAPI's response to an id that is already running: the connection of an earlier request was lost.
    if matches!(status, StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE | StatusCode::ACCEPTED) {
        return JobResponse::Busy;
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let outcome = match (status, text("status").as_str()) {
        (StatusCode::OK, "succeeded") => {
            let mut metrics = value.get("metrics").and_then(Value::as_object).cloned().unwrap_or_default();
            metrics.remove("predict_time");
            Outcome::Succeeded { output: value.get("output").cloned().unwrap_or(Value::Null), metrics }
        }
        (StatusCode::OK, "canceled") => Outcome::Canceled,
        (StatusCode::OK, _) if !text("error").is_empty() => Outcome::Failed { error: plain_error(&text("error")) },
        _ => Outcome::Failed { error: refusal(status, &value, body) },
    };
    JobResponse::Done { outcome, logs: text("logs") }
}

/// The exception's own text, as Replicate shows it. coglet writes `Prediction failed: Prediction failed: ValueError: msg`.
fn plain_error(error: &str) -> String {
    let mut rest = error;
    while let Some(inner) = ["Prediction failed: ", "Training failed: "].iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        rest = inner;
    }
    // Only errors wrapped by coglet start with the exception's type.
    if rest.len() < error.len()
        && let Some((kind, message)) = rest.split_once(": ")
        && is_exception_name(kind)
        && !message.trim().is_empty()
    {
        rest = message;
    }
    bounded(rest.trim_end().trim_end_matches(':'))
}

fn is_exception_name(text: &str) -> bool {
    let last = text.rsplit('.').next().unwrap_or_default();
    last.starts_with(|letter: char| letter.is_ascii_uppercase())
        && text.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.'))
}

/// The message of an error response: the details of a 422, the `error` or `detail` of others, or the text itself.
fn refusal(status: StatusCode, value: &Value, body: &[u8]) -> String {
    let text = match (value.get("detail"), value.get("error")) {
        (Some(Value::Array(details)), _) => details.iter().map(detail).collect::<Vec<_>>().join("\n"),
        (Some(Value::String(text)), _) | (_, Some(Value::String(text))) => text.clone(),
        _ => String::from_utf8_lossy(body.get(..body.len().min(MAX_ERROR_CHARS)).unwrap_or_default()).trim().to_owned(),
    };
    if text.is_empty() { format!("the model's server answered {}", status.as_u16()) } else { bounded(&text) }
}

/// `{"loc": ["body", "input", "text"], "msg": "…"}` as `- input.text: …`.
fn detail(entry: &Value) -> String {
    let message = entry.get("msg").and_then(Value::as_str).unwrap_or("invalid");
    let place: Vec<String> = entry
        .get("loc")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
        .filter(|part| part != "body")
        .collect();
    if place.is_empty() { format!("- {message}") } else { format!("- {}: {message}", place.join(".")) }
}

fn bounded(text: &str) -> String {
    text.chars().take(MAX_ERROR_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_the_exceptions_own_text() {
        let cases = [
            ("Prediction failed: Prediction failed: ValueError: text is bad", "text is bad"),
            ("Prediction failed: torch.cuda.OutOfMemoryError: no: memory", "no: memory"),
            ("Prediction failed: Prediction failed: KeyError: ", "KeyError"),
            ("Prediction failed: worker crashed: signal 9", "worker crashed: signal 9"),
            ("ValueError: raised with this text", "ValueError: raised with this text"),
            ("text is bad", "text is bad"),
        ];
        for (error, shown) in cases {
            assert_eq!(plain_error(error), shown, "{error}");
        }
    }

    #[test]
    fn refusals_are_readable() {
        let pydantic =
            json!({"detail": [{"type": "string_type", "loc": ["body", "input", "text"], "msg": "Input should be a valid string"}]});
        let cases = [
            (422, pydantic.to_string(), "- input.text: Input should be a valid string"),
            (500, r#"{"detail": "Internal Server Error"}"#.to_owned(), "Internal Server Error"),
            (400, "bad JSON".to_owned(), "bad JSON"),
            (500, String::new(), "the model's server answered 500"),
        ];
        for (status, body, error) in cases {
            let reply = read_reply(StatusCode::from_u16(status).unwrap(), body.as_bytes());
            let outcome = Outcome::Failed { error: error.to_owned() };
            assert_eq!(reply, JobResponse::Done { outcome, logs: String::new() });
        }
    }

    #[test]
    fn a_new_state_is_unknown() {
        let read = |text: &str| serde_json::from_str::<Health>(text).unwrap();
        assert_eq!(read(r#"{"status": "SETUP_FAILED", "setup": {}}"#).status, HealthState::SetupFailed);
        assert_eq!(read(r#"{"status": "DREAMING"}"#).status, HealthState::Unknown);
        assert_eq!(read(r#"{"status": "READY", "setup": {"logs": "hi"}}"#).setup_logs(), "hi");
    }
}
