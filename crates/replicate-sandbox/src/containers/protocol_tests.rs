//! Both dialects from a server that answers with what the real ones were seen to answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Path, State};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::engine::{EngineJob, Outcome};
use super::super::job_kind::JobKind;
use super::protocol::{CogServer, HealthState, JobResponse};

#[derive(Clone)]
struct Script {
    status: StatusCode,
    reply: Value,
    requests: Arc<AtomicUsize>,
}

async fn serve(status: u16, reply: Value) -> (CogServer, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let script = Script { status: StatusCode::from_u16(status).unwrap(), reply, requests: Arc::clone(&requests) };
    let answer = |State(script): State<Script>, Json(body): Json<Value>| async move {
        script.requests.fetch_add(1, Ordering::SeqCst);
        assert!(body["input"].as_object().unwrap().values().all(|value| !value.is_null()));
        (script.status, Json(script.reply))
    };
    let router = Router::new()
        .route("/predictions/{id}", put(answer))
        .route("/trainings/{id}", put(answer))
        .route("/predictions/{id}/cancel", post(async |Path(id): Path<String>| assert_eq!(id, "one")))
        .route("/health-check", get(async |State(script): State<Script>| Json(script.reply)))
        .with_state(script);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = CogServer::new(listener.local_addr().unwrap().to_string());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (server, requests)
}

fn job(kind: JobKind) -> EngineJob {
    let input = Map::from_iter([("text".to_owned(), json!("a")), ("absent".to_owned(), Value::Null)]);
    EngineJob { id: "one".to_owned(), kind, input }
}

async fn reply(status: u16, body: Value) -> JobResponse {
    serve(status, body).await.0.run(&job(JobKind::Prediction)).await.unwrap()
}

#[tokio::test]
async fn both_dialects_succeed_alike() {
    let fastapi = json!({"input": {"text": "a"}, "output": "aa", "id": "one", "created_at": null, "logs": "hi\n", "error": null,
        "status": "succeeded", "metrics": {"predict_time": 0.1}});
    let coglet = json!({"id": "one", "logs": "hi\n", "metrics": {"predict_time": 0.1}, "output": "aa", "status": "succeeded"});
    let outcome = Outcome::Succeeded { output: json!("aa"), metrics: Map::new() };
    for body in [fastapi, coglet] {
        assert_eq!(reply(200, body).await, JobResponse::Done { outcome: outcome.clone(), logs: "hi\n".to_owned() });
    }
}

#[tokio::test]
async fn both_dialects_fail_alike() {
    let fastapi = json!({"output": null, "logs": "", "error": "text is bad", "status": "failed", "metrics": null});
    let coglet = json!({"error": "Prediction failed: Prediction failed: ValueError: text is bad", "logs": "", "status": "failed"});
    for body in [fastapi, coglet] {
        let outcome = Outcome::Failed { error: "text is bad".to_owned() };
        assert_eq!(reply(200, body).await, JobResponse::Done { outcome, logs: String::new() });
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_called_that() {
    let logs = "x".repeat(101 * 1024 * 1024);
    let (server, _) = serve(200, json!({"output": "a", "logs": logs, "status": "succeeded"})).await;
    let error = server.run(&job(JobKind::Prediction)).await.unwrap_err();
    assert_eq!(error.to_string(), "the model's response, with its output and its logs, is larger than 100 MB");
}

#[tokio::test]
async fn a_version_that_is_busy_is_asked_again() {
    assert_eq!(reply(409, json!({"detail": "Already running a prediction"})).await, JobResponse::Busy);
    assert_eq!(reply(503, json!({"error": "not ready", "status": "failed"})).await, JobResponse::Busy);
}

#[tokio::test]
async fn a_cancelled_job_says_so() {
    let canceled = reply(200, json!({"status": "canceled", "output": null})).await;
    assert_eq!(canceled, JobResponse::Done { outcome: Outcome::Canceled, logs: String::new() });
}

#[tokio::test]
async fn metrics_of_the_versions_own_are_kept() {
    let body = json!({"status": "succeeded", "output": 1, "metrics": {"predict_time": 1.0, "tokens": 3}});
    let metrics = Map::from_iter([("tokens".to_owned(), json!(3))]);
    let outcome = Outcome::Succeeded { output: json!(1), metrics };
    assert_eq!(reply(200, body).await, JobResponse::Done { outcome, logs: String::new() });
}

#[tokio::test]
async fn trainings_have_a_route_of_their_own() {
    let (server, requests) = serve(200, json!({"status": "succeeded", "output": {"weights": "data:text/plain;base64,d3d3"}})).await;
    assert!(matches!(
        server.run(&job(JobKind::Training)).await.unwrap(),
        JobResponse::Done { outcome: Outcome::Succeeded { .. }, .. }
    ));
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn cancelling_names_the_job() {
    let (server, _) = serve(200, json!({})).await;
    server.cancel(JobKind::Prediction, "one").await.unwrap();
}

#[tokio::test]
async fn health_is_read_from_both_dialects() {
    let (server, _) = serve(200, json!({"status": "STARTING", "setup": {}})).await;
    assert_eq!(server.health().await.unwrap().status, HealthState::Starting);
    let coglet = json!({"status": "SETUP_FAILED", "setup": {"status": "failed", "logs": "boom"}, "version": {"coglet": "0.22.0"}});
    let (server, _) = serve(200, coglet).await;
    let health = server.health().await.unwrap();
    assert_eq!((health.status, health.setup_logs()), (HealthState::SetupFailed, "boom"));
}

#[tokio::test]
async fn a_server_that_is_gone_is_an_error() {
    assert!(CogServer::new("127.0.0.1:1".to_owned()).health().await.is_err());
}
