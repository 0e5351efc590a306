//! A Messages API that rejects what the real one rejects, and answers from a script.

mod check;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

/// The accepted key.
pub const KEY: &str = "sk-ant-test-key";

/// One accepted question.
#[derive(Debug, Clone)]
pub struct Asked {
    pub body: Value,
    /// The name of the tool that must be used.
    pub tool: String,
    /// All texts of the question, joined.
    pub text: String,
    /// The media types of the images.
    pub pictures: Vec<String>,
}

/// An error to answer with.
#[derive(Debug, Clone)]
pub struct Fault {
    pub status: u16,
    pub kind: &'static str,
    pub message: &'static str,
    pub retry_after: Option<&'static str>,
}

type Script = dyn Fn(&Asked) -> Value + Send + Sync;

struct Shared {
    script: Box<Script>,
    latency: Duration,
    asked: Mutex<Vec<Asked>>,
    refused: Mutex<Vec<String>>,
    faults: Mutex<VecDeque<Fault>>,
    raw: Mutex<VecDeque<Value>>,
}

/// A running fake.
pub struct FakeClaude {
    pub url: String,
    shared: Arc<Shared>,
}

impl FakeClaude {
    /// Starts a fake. The script returns the tool's input.
    pub async fn start(latency: Duration, script: impl Fn(&Asked) -> Value + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared {
            script: Box::new(script),
            latency,
            asked: Mutex::default(),
            refused: Mutex::default(),
            faults: Mutex::default(),
            raw: Mutex::default(),
        });
        let router = Router::new()
            .route("/v1/messages", post(answer))
            .layer(DefaultBodyLimit::max(64 * 1024 * 1024))
            .with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared }
    }

    /// Answers the next question with an error.
    pub fn fail(&self, fault: Fault) {
        self.shared.faults.lock().unwrap().push_back(fault);
    }

    /// Answers the next question with this body.
    pub fn answer_with(&self, body: Value) {
        self.shared.raw.lock().unwrap().push_back(body);
    }

    /// The accepted questions.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// Why questions were rejected.
    pub fn refused(&self) -> Vec<String> {
        self.shared.refused.lock().unwrap().clone()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let asked = match check::check(&headers, &body) {
        Ok(asked) => asked,
        Err(refusal) => {
            shared.refused.lock().unwrap().push(refusal.message.clone());
            return problem(refusal.status, refusal.kind, &refusal.message, None);
        }
    };
    shared.asked.lock().unwrap().push(asked.clone());
    let fault = shared.faults.lock().unwrap().pop_front();
    if let Some(fault) = fault {
        return problem(fault.status, fault.kind, fault.message, fault.retry_after);
    }
    tokio::time::sleep(shared.latency).await;
    let raw = shared.raw.lock().unwrap().pop_front();
    let body = raw.unwrap_or_else(|| {
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": asked.body["model"],
            "content": [{"type": "tool_use", "id": "toolu_1", "name": asked.tool, "input": (shared.script)(&asked)}],
            "stop_reason": "tool_use", "stop_sequence": null, "usage": {"input_tokens": 1000, "output_tokens": 50},
        })
    });
    ([("request-id", "req_fake")], axum::Json(body)).into_response()
}

fn problem(status: u16, kind: &str, message: &str, retry_after: Option<&str>) -> Response {
    let body = json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_fake"});
    let mut response = (StatusCode::from_u16(status).unwrap(), [("request-id", "req_fake")], axum::Json(body)).into_response();
    if let Some(wait) = retry_after {
        response.headers_mut().insert("retry-after", wait.parse().unwrap());
    }
    response
}
