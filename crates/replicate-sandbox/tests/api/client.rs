//! A sandbox, and a client that knows only its URL and token.

use std::time::Duration;

use replicate_sandbox::{Sandbox, SandboxOptions, Script, ScriptedReply, Visibility};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

pub(crate) struct Api {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: reqwest::Client,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// Status, title and detail of a rejection.
    pub(crate) fn problem(&self) -> (u16, String, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let body = self.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), text("title"), text("detail"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json()
    }
}

/// Options of a sandbox for tests.
pub(crate) fn options() -> SandboxOptions {
    SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() }
}

/// A script that repeats the prompt.
pub(crate) fn echo() -> Script {
    Script::new(|request| ScriptedReply::output(request.input.get("prompt").cloned().unwrap_or_default()))
}

/// A document with one input and a few rules.
pub(crate) fn schema() -> Value {
    json!({"openapi": "3.0.2", "components": {"schemas": {
        "Input": {"type": "object", "required": ["prompt"], "properties": {
            "prompt": {"type": "string", "maxLength": 20},
            "steps": {"type": "integer", "minimum": 1, "maximum": 4, "default": 1},
            "size": {"allOf": [{"$ref": "#/components/schemas/size"}], "default": "small"},
            "image": {"type": "string", "format": "uri"},
        }},
        "size": {"type": "string", "enum": ["small", "large"]},
        "Output": {"type": "string", "title": "Output"},
        "TrainingInput": {"type": "object", "required": ["data"], "properties": {"data": {"type": "string"}}},
        "TrainingOutput": {"type": "object"},
    }}})
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::with(options()).await
    }

    pub(crate) async fn with(options: SandboxOptions) -> Self {
        // Fails if another test has installed it, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { sandbox: Sandbox::start(options).await.unwrap(), client }
    }

    /// The private model `acme/m` with a version that answers from the script.
    pub(crate) fn model(&self, script: Script) -> String {
        self.model_named("m", Some(schema()), script)
    }

    pub(crate) fn model_named(&self, name: &str, schema: Option<Value>, script: Script) -> String {
        self.sandbox.create_model(name, Visibility::Private, "cpu").unwrap();
        self.sandbox.push_scripted_version(name, schema, script).unwrap()
    }

    pub(crate) fn token(&self) -> String {
        format!("Bearer {}", self.sandbox.api_token().expose_secret())
    }

    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Result<Answer, reqwest::Error> {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.sandbox.base_url()) };
        let mut request = self.client.request(method, url);
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", self.token());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.try_send(method, path, &[], body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Creates a prediction and returns its id.
    pub(crate) async fn predict(&self, version: &str, input: Value) -> String {
        let created = self.post("/v1/predictions", json!({"version": version, "input": input})).await.is(201);
        created["id"].as_str().unwrap().to_owned()
    }

    /// Polls until the job has this status.
    pub(crate) async fn until(&self, id: &str, status: &str) -> Value {
        let started = tokio::time::Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            let job = self.get(&format!("/v1/predictions/{id}")).await.is(200);
            if job["status"] == status {
                return job;
            }
            let ended = ["succeeded", "failed", "canceled", "aborted"].iter().any(|end| job["status"] == *end);
            assert!(!ended, "{job}");
            tokio::time::sleep(Duration::from_millis(10).max(started.elapsed() / 20)).await;
        }
        panic!("{id} never became {status}");
    }

    /// Runs a prediction until it succeeds.
    pub(crate) async fn run(&self, version: &str, input: Value) -> Value {
        let id = self.predict(version, input).await;
        self.until(&id, "succeeded").await
    }
}
