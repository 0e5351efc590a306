//! An Events API v2 that refuses what the real one would refuse, and keeps alerts by their keys.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Map, Value, json};

/// The key that is accepted.
pub const KEY: &str = "0123456789abcdef0123456789abcdef";

#[derive(Default)]
struct Shared {
    /// Accepted events, in order.
    events: Vec<Value>,
    /// Why others were refused.
    refused: Vec<String>,
    /// Open alerts.
    open: BTreeMap<String, Value>,
    /// Answered in the place of the next answers.
    faults: VecDeque<u16>,
}

/// A running fake.
pub struct FakePagerDuty {
    pub url: String,
    shared: Arc<Mutex<Shared>>,
}

impl FakePagerDuty {
    pub async fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let router = Router::new().route("/v2/enqueue", post(enqueue)).with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v2/enqueue", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared }
    }

    /// The next event is answered with this status.
    pub fn fail(&self, status: u16) {
        self.shared.lock().unwrap().faults.push_back(status);
    }

    pub fn events(&self) -> Vec<Value> {
        self.shared.lock().unwrap().events.clone()
    }

    pub fn refused(&self) -> Vec<String> {
        self.shared.lock().unwrap().refused.clone()
    }

    /// The keys of the alerts that are open.
    pub fn open(&self) -> Vec<String> {
        self.shared.lock().unwrap().open.keys().cloned().collect()
    }
}

async fn enqueue(State(shared): State<Arc<Mutex<Shared>>>, headers: HeaderMap, body: Bytes) -> Response {
    let mut shared = shared.lock().unwrap();
    if let Some(status) = shared.faults.pop_front() {
        return (StatusCode::from_u16(status).unwrap(), "{}").into_response();
    }
    let problems = problems(&headers, &body);
    if !problems.is_empty() {
        shared.refused.extend(problems.clone());
        let answer = json!({"status": "invalid event", "message": "Event object is invalid", "errors": problems});
        return (StatusCode::BAD_REQUEST, axum::Json(answer)).into_response();
    }
    let event: Value = serde_json::from_slice(&body).unwrap();
    let key = event["dedup_key"].as_str().unwrap_or("made-by-the-service").to_owned();
    match event["event_action"].as_str() {
        Some("trigger") => drop(shared.open.insert(key.clone(), event.clone())),
        Some("resolve") => drop(shared.open.remove(&key)),
        _ => {}
    }
    shared.events.push(event);
    let answer = json!({"status": "success", "message": "Event processed", "dedup_key": key});
    (StatusCode::ACCEPTED, axum::Json(answer)).into_response()
}

fn problems(headers: &HeaderMap, body: &[u8]) -> Vec<String> {
    let mut problems = Vec::new();
    if headers.get("content-type").and_then(|value| value.to_str().ok()) != Some("application/json") {
        problems.push("the content type is not application/json".to_owned());
    }
    if body.len() > 512 * 1024 {
        problems.push("the event is larger than 512 KB".to_owned());
    }
    let Ok(Value::Object(event)) = serde_json::from_slice::<Value>(body) else {
        problems.push("the event is not a JSON object".to_owned());
        return problems;
    };
    let allowed = ["routing_key", "event_action", "dedup_key", "payload", "client", "client_url", "links", "images"];
    unknown(&event, &allowed, "event", &mut problems);
    if event.get("routing_key").and_then(Value::as_str) != Some(KEY) {
        problems.push("the routing key is not known".to_owned());
    }
    let action = event.get("event_action").and_then(Value::as_str);
    if !matches!(action, Some("trigger" | "acknowledge" | "resolve")) {
        problems.push("'event_action' is not one of trigger, acknowledge, resolve".to_owned());
    }
    match event.get("dedup_key").map(Value::as_str) {
        Some(Some(key)) if !key.is_empty() && key.chars().count() <= 255 => {}
        None if action == Some("trigger") => {}
        _ => problems.push("'dedup_key' is missing, or not of 1 to 255 characters".to_owned()),
    }
    match (action, event.get("payload").and_then(Value::as_object)) {
        (Some("trigger"), Some(payload)) => check_payload(payload, &mut problems),
        (Some("trigger"), None) => problems.push("'payload' is missing".to_owned()),
        _ => {}
    }
    problems
}

fn check_payload(payload: &Map<String, Value>, problems: &mut Vec<String>) {
    let allowed = ["summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"];
    unknown(payload, &allowed, "payload", problems);
    let text = |name: &str| payload.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("summary").is_empty() || text("summary").chars().count() > 1024 {
        problems.push("'payload.summary' is missing, or longer than 1024 characters".to_owned());
    }
    if text("source").is_empty() {
        problems.push("'payload.source' is missing".to_owned());
    }
    if !["critical", "error", "warning", "info"].contains(&text("severity")) {
        problems.push("'payload.severity' is not one of critical, error, warning, info".to_owned());
    }
    if payload.contains_key("timestamp") && chrono::DateTime::parse_from_rfc3339(text("timestamp")).is_err() {
        problems.push("'payload.timestamp' is not an ISO 8601 time".to_owned());
    }
}

fn unknown(object: &Map<String, Value>, allowed: &[&str], place: &str, problems: &mut Vec<String>) {
    problems.extend(object.keys().filter(|key| !allowed.contains(&key.as_str())).map(|key| format!("{place} has '{key}'")));
}
