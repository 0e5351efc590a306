//! The client against servers that answer as coglet and FastAPI do.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use wiremock::matchers::{header, method, path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{CogServer, CogServerError};
use crate::clients::replicate::{
    DownloadLimits, Files as _, PredictionRequest, PredictionTarget, Predictions as _, ReplicateError, ReplicateFailure, RunLimits,
};
use crate::domain::plan::Limits;
use crate::domain::prediction::{Prediction, PredictionStatus};
use crate::support::clock::SystemClock;

async fn health(server: &MockServer, status: &str) {
    let body = json!({"status": status, "setup": {"logs": "no such file: weights.bin"}});
    Mock::given(method("GET"))
        .and(path("/health-check"))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(server)
        .await;
}

async fn answers(server: &MockServer, template: ResponseTemplate, times: u64) {
    Mock::given(method("PUT"))
        .and(path_regex("^/predictions/[0-9a-f]{32}$"))
        .respond_with(template)
        .up_to_n_times(times)
        .mount(server)
        .await;
}

fn client(server: &MockServer) -> CogServer {
    CogServer::new(&server.uri(), None, Arc::new(SystemClock)).unwrap()
}

async fn ask(server: &CogServer, limits: &Limits) -> Result<Prediction, ReplicateError> {
    let version = format!("acme/hotdog:{}", "a".repeat(64)).parse().unwrap();
    let inputs = json!({"text": "hi", "nothing": null}).as_object().unwrap().clone();
    let request = PredictionRequest::new(PredictionTarget::Version(version), inputs);
    server.run_prediction(&request, &RunLimits::of_prediction(limits), &|_| {}, &CancellationToken::new()).await
}

fn done(output: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({"status": "succeeded", "output": output, "metrics": {"predict_time": 0.5}, "logs": "ok"}))
}

#[tokio::test]
async fn a_prediction_has_output_logs_and_run_time_and_sends_no_nulls() {
    let mock = MockServer::start().await;
    health(&mock, "READY").await;
    answers(&mock, done(&json!("data:text/plain;base64,Y2F0")), 1).await;
    let server = client(&mock);
    let prediction = ask(&server, &Limits::default()).await.unwrap();
    assert_eq!((prediction.status, prediction.logs.as_str()), (PredictionStatus::Succeeded, "ok"));
    assert_eq!(prediction.predict_time, Some(Duration::from_millis(500)));
    let sent: Vec<Value> = mock.received_requests().await.unwrap().iter().filter_map(|request| request.body_json().ok()).collect();
    assert_eq!(sent, [json!({"input": {"text": "hi"}})]);
    let url = prediction.output.unwrap();
    let file = server.download(url.as_str().unwrap(), &DownloadLimits::of_bytes(100)).await.unwrap();
    assert_eq!(&file.beginning[..], b"cat");
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let mock = MockServer::start().await;
    health(&mock, "READY").await;
    for status in [409, 503] {
        answers(&mock, ResponseTemplate::new(status).set_body_json(json!({"error": "busy", "status": "failed"})), 1).await;
    }
    answers(&mock, done(&json!("ok")), 1).await;
    let prediction = ask(&client(&mock), &Limits::default()).await.unwrap();
    assert_eq!((prediction.status, prediction.output), (PredictionStatus::Succeeded, Some(json!("ok"))));
}

#[tokio::test]
async fn rejected_inputs_failed_setups_and_servers_that_are_gone_are_told_apart() {
    let mock = MockServer::start().await;
    health(&mock, "READY").await;
    let detail = json!({"detail": [{"loc": ["body", "input", "text"], "msg": "field required"}]});
    answers(&mock, ResponseTemplate::new(422).set_body_json(detail), 1).await;
    let error = ask(&client(&mock), &Limits::default()).await.unwrap_err();
    assert!(
        matches!(error.failure(), ReplicateFailure::InvalidInput { detail, .. } if detail == "input.text: field required"),
        "{error:?}"
    );

    let broken = MockServer::start().await;
    health(&broken, "SETUP_FAILED").await;
    let failed = ask(&client(&broken), &Limits::default()).await.unwrap();
    assert_eq!((failed.status, failed.started_at), (PredictionStatus::Failed, None));
    let error = client(&broken).schema(Duration::from_secs(5)).await.unwrap_err();
    assert!(matches!(&error, CogServerError::NotCog { problem, .. } if problem.contains("weights.bin")), "{error}");

    let gone = CogServer::new("http://127.0.0.1:1", None, Arc::new(SystemClock)).unwrap();
    assert!(matches!(gone.schema(Duration::from_secs(5)).await, Err(CogServerError::NotCog { .. })));
}

#[tokio::test]
async fn a_prediction_over_its_limit_is_canceled() {
    let mock = MockServer::start().await;
    health(&mock, "READY").await;
    answers(&mock, done(&json!("late")).set_delay(Duration::from_secs(60)), 1).await;
    Mock::given(method("POST")).and(path_regex("/cancel$")).respond_with(ResponseTemplate::new(404)).expect(1).mount(&mock).await;
    let limits = Limits { predict: Duration::from_secs(1), ..Limits::default() };
    let error = ask(&client(&mock), &limits).await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::TimedOut(_)), "{error:?}");
}

#[tokio::test]
async fn the_schema_is_read_with_the_token_of_the_server() {
    let mock = MockServer::start().await;
    let bearer = header("authorization", "Bearer hush");
    Mock::given(path("/health-check"))
        .and(bearer)
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"status": "READY"})))
        .mount(&mock)
        .await;
    Mock::given(path("/openapi.json"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"openapi": "3.0.2"})))
        .mount(&mock)
        .await;
    let server = CogServer::new(&format!("{}/", mock.uri()), Some(&"hush".into()), Arc::new(SystemClock)).unwrap();
    assert_eq!(server.schema(Duration::from_secs(5)).await.unwrap(), json!({"openapi": "3.0.2"}));
    assert!(!format!("{server:?}").contains("hush"));
    for wrong in ["localhost:5000", "ftp://x", "http://user:hush@x", "http://x?y=1", ""] {
        let error = CogServer::new(wrong, None, Arc::new(SystemClock)).unwrap_err();
        assert!(matches!(error, CogServerError::Url(_)) && !error.to_string().contains("hush"), "{wrong}");
    }
}
