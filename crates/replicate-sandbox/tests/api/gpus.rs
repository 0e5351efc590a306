//! The GPUs that a Docker daemon is asked for.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use replicate_sandbox::{Gpus, SandboxOptions, Visibility};
use serde_json::{Value, json};

use super::client::Api;

/// A daemon that knows one image, and refuses to start what it was asked to create.
type Created = Arc<Mutex<Vec<Value>>>;

async fn answer(State(created): State<Created>, method: Method, uri: Uri, body: Bytes) -> (StatusCode, String) {
    let path = uri.path().trim_start_matches("/v1.41").to_owned();
    let ok = |value: Value| (StatusCode::OK, value.to_string());
    let schema = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {}}, "Output": {"type": "string"}}}});
    match (method, path.as_str()) {
        (Method::GET, "/version") => ok(json!({"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24"})),
        (Method::GET, "/containers/json" | "/images/json") => ok(json!([])),
        (Method::GET, path) if path.starts_with("/images/") => ok(json!({
            "Id": format!("sha256:{}", "a".repeat(64)),
            "Config": {"Env": [], "Labels": {"run.cog.version": "0.22.0", "run.cog.openapi_schema": schema.to_string()}},
        })),
        (Method::POST, "/containers/create") => {
            created.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            (StatusCode::CREATED, json!({"Id": "c1", "Warnings": []}).to_string())
        }
        (Method::DELETE, _) => (StatusCode::NO_CONTENT, String::new()),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, json!({"message": "could not select device driver"}).to_string()),
    }
}

async fn asked_for(gpus: Option<Gpus>) -> Value {
    let created = Created::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let daemon = Router::new().fallback(answer).with_state(Arc::clone(&created));
    tokio::spawn(async move { axum::serve(listener, daemon).await });
    let options = SandboxOptions { docker_host: Some(format!("tcp://{address}")), gpus, ..SandboxOptions::default() };
    let api = Api::with(options).await;
    api.sandbox.create_model("sandbox/hotdog", Visibility::Private, "cpu").unwrap();
    let version = api.sandbox.register_image("sandbox/hotdog", "hotdog:latest").await.unwrap();
    let body = json!({"version": version, "input": {}});
    let made = api.try_send(Method::POST, "/v1/predictions", &[], Some(body)).await.unwrap();
    assert_eq!(made.status.as_u16(), 201, "{made:?}");
    for _ in 0..200 {
        if let Some(body) = created.lock().unwrap().first() {
            return body["HostConfig"]["DeviceRequests"].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no container was created");
}

#[tokio::test]
async fn containers_get_the_gpus_that_were_asked_for() {
    let gpu = json!([["gpu"]]);
    let all = asked_for(Some(Gpus::All)).await;
    assert_eq!((&all[0]["Count"], &all[0]["Capabilities"]), (&json!(-1), &gpu));
    let two = asked_for(Some("0,1".parse().unwrap())).await;
    assert_eq!((&two[0]["DeviceIDs"], &two[0]["Capabilities"]), (&json!(["0", "1"]), &gpu));
    assert_eq!(asked_for(None).await, Value::Null);
}
