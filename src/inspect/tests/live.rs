//! Looking up the live version.

use std::sync::Arc;
use std::time::Duration;

use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::clients::replicate::{RealReplicate, ReplicateError, ReplicateOptions};
use crate::support::SecretString;
use crate::support::clock::SystemClock;
use crate::support::retry::RetryPolicy;

const NO_RETRY: RetryPolicy = RetryPolicy { retries: 0, first_wait: Duration::ZERO, longest_wait: Duration::ZERO };

async fn asked(status: u16, body: &Value) -> Result<LiveModel, ReplicateError> {
    let server = MockServer::start().await;
    let template = ResponseTemplate::new(status).set_body_json(body);
    Mock::given(method("GET")).and(path("/v1/models/acme/hotdog")).respond_with(template).expect(1).mount(&server).await;
    let base_url = server.uri().parse().unwrap();
    let options = ReplicateOptions { retry: NO_RETRY, ..ReplicateOptions::new(base_url, SecretString::from("r8_token")) };
    let replicate = RealReplicate::new(options, Arc::new(SystemClock)).unwrap();
    live_model(&replicate, &"acme/hotdog".parse().unwrap()).await
}

fn model(is_official: bool, latest: &Value) -> Value {
    json!({"owner": "acme", "name": "hotdog", "visibility": "public", "is_official": is_official, "latest_version": latest})
}

fn version(openapi_schema: &Value) -> Value {
    json!({
        "id": "a".repeat(64), "created_at": "2026-01-02T03:04:05Z", "cog_version": "0.22.0", "openapi_schema": openapi_schema,
    })
}

#[tokio::test]
async fn the_live_version_is_the_newest_with_its_schema() {
    for is_official in [false, true] {
        let live = asked(200, &model(is_official, &version(&json!({"openapi": "3.0.2"})))).await.unwrap().version().unwrap();
        assert_eq!(live.version.to_string(), format!("acme/hotdog:{}", "a".repeat(64)));
        assert_eq!(live.schema, Some(json!({"openapi": "3.0.2"})));
    }
}

#[tokio::test]
async fn a_version_without_a_schema_counts() {
    let live = asked(200, &model(false, &version(&Value::Null))).await.unwrap().version().unwrap();
    assert_eq!(live.schema, None);
}

#[tokio::test]
async fn a_missing_model_is_not_one_without_versions() {
    assert_eq!(asked(200, &model(false, &Value::Null)).await.unwrap(), LiveModel::Empty);
    assert_eq!(asked(404, &json!({"detail": "not found"})).await.unwrap(), LiveModel::Missing);
}

#[tokio::test]
async fn a_failure_does_not_count_as_missing() {
    for status in [401, 500] {
        assert!(asked(status, &json!({"detail": "no"})).await.is_err(), "{status}");
    }
}
