//! Responses of both kinds of server.

use cog_findings::text::shorten;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

/// How much of an error is kept.
const ERROR_BYTES: usize = 4000;

/// The response of `/health-check`. Both servers use the same names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Health {
    pub(super) status: HealthState,
    #[serde(default)]
    setup: Option<Setup>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Setup {
    #[serde(default)]
    logs: Option<String>,
}

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

impl Health {
    /// What `setup()` wrote.
    pub(super) fn setup_logs(&self) -> &str {
        self.setup.as_ref().and_then(|setup| setup.logs.as_deref()).unwrap_or_default()
    }
}

/// The response to a prediction.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reply {
    Succeeded {
        output: Value,
        metrics: Map<String, Value>,
    },
    Failed(String),
    Canceled,
    /// The inputs were rejected.
    Refused(String),
    /// Another prediction is running, or the server is not ready: try again.
    Busy,
}

/// Reads a response and its logs.
pub(super) fn read_reply(status: StatusCode, body: &[u8]) -> (Reply, String) {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    // FastAPI answers 202 to an id that is already running: the connection of an earlier request was lost.
    if matches!(status, StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE | StatusCode::ACCEPTED) {
        return (Reply::Busy, String::new());
    }
    let reply = match (status, text("status").as_str()) {
        (StatusCode::OK, "succeeded") => Reply::Succeeded {
            output: value.get("output").cloned().unwrap_or_default(),
            metrics: value.get("metrics").and_then(Value::as_object).cloned().unwrap_or_default(),
        },
        (StatusCode::OK, "canceled") => Reply::Canceled,
        (StatusCode::OK, _) => Reply::Failed(plain_error(&text("error"))),
        (StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST, _) => Reply::Refused(refusal(status, &value, body)),
        _ => Reply::Failed(refusal(status, &value, body)),
    };
    (reply, text("logs"))
}

/// The exception's own text. coglet puts its kind of job before it, twice.
fn plain_error(error: &str) -> String {
    let mut rest = error;
    while let Some(inner) = rest.strip_prefix("Prediction failed: ") {
        rest = inner;
    }
    if rest.is_empty() { "the prediction failed without a message".to_owned() } else { shorten(rest.trim_end(), ERROR_BYTES) }
}

/// The message of an error: the details of a 422, the `error` or `detail` of others, or the text itself.
fn refusal(status: StatusCode, value: &Value, body: &[u8]) -> String {
    let text = match (value.get("detail"), value.get("error")) {
        (Some(Value::Array(details)), _) => details.iter().map(detail).collect::<Vec<_>>().join("; "),
        (Some(Value::String(text)), _) | (_, Some(Value::String(text))) => text.clone(),
        _ => String::from_utf8_lossy(body).trim().to_owned(),
    };
    if text.is_empty() { format!("the server answered {status}") } else { shorten(&text, ERROR_BYTES) }
}

fn detail(entry: &Value) -> String {
    let message = entry.get("msg").and_then(Value::as_str).unwrap_or("it is not valid");
    let parts = entry.get("loc").and_then(Value::as_array).into_iter().flatten();
    let place: Vec<String> =
        parts.map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).filter(|part| part != "body").collect();
    if place.is_empty() { message.to_owned() } else { format!("{}: {message}", place.join(".")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn replies_of_both_servers_are_read() {
        let read = |status: u16, body: &Value| read_reply(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes());
        let metrics: Map<String, Value> = [("predict_time".to_owned(), json!(1.5))].into_iter().collect();
        for (status, body, wanted) in [
            (
                200,
                json!({"status": "succeeded", "output": "hi", "metrics": {"predict_time": 1.5}, "logs": "a"}),
                (Reply::Succeeded { output: json!("hi"), metrics }, "a"),
            ),
            (200, json!({"status": "failed", "error": "text is bad", "logs": "b"}), (Reply::Failed("text is bad".to_owned()), "b")),
            (
                200,
                json!({"status": "failed", "error": "Prediction failed: Prediction failed: ValueError: no"}),
                (Reply::Failed("ValueError: no".to_owned()), ""),
            ),
            (200, json!({"status": "canceled"}), (Reply::Canceled, "")),
            (
                422,
                json!({"detail": [{"loc": ["body", "input", "n"], "msg": "field required"}]}),
                (Reply::Refused("input.n: field required".to_owned()), ""),
            ),
            (409, json!({"detail": "Already running a prediction"}), (Reply::Busy, "")),
            (503, json!({"error": "not ready", "status": "failed"}), (Reply::Busy, "")),
            (500, json!({"detail": "Internal Server Error"}), (Reply::Failed("Internal Server Error".to_owned()), "")),
        ] {
            assert_eq!(read(status, &body), (wanted.0, wanted.1.to_owned()), "{status} {body}");
        }
    }
}
