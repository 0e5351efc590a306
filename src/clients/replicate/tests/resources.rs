//! Accounts, models, versions, trainings, deployments, and whole runs over the wire.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use wiremock::matchers::{body_json, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::client;
use crate::clients::ErrorKind;
use crate::clients::replicate::wire::tests::{VERSION, prediction_json};
use crate::clients::replicate::{
    AccountKind, Accounts, Deletion, DeploymentPatch, Deployments, ModelCreation, Models, NewDeployment, NewModel, Polling,
    PredictionRequest, PredictionTarget, Predictions, Replicate, ReplicateFailure, RunLimits, TimeLimit, Trainings, Visibility,
};
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::prediction::{Prediction, PredictionId, PredictionStatus};

const ANOTHER: &str = "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc";

fn model_ref() -> ModelRef {
    "acme/hotdog".parse().unwrap()
}

fn version_ref() -> VersionRef {
    format!("acme/hotdog:{VERSION}").parse().unwrap()
}

fn model_json() -> Value {
    json!({
        "url": "https://replicate.com/acme/hotdog", "owner": "acme", "name": "hotdog", "visibility": "private", "is_official": false,
        "latest_version": {"id": VERSION, "created_at": "2026-01-02T03:04:05Z", "cog_version": "0.22.0", "openapi_schema": {}},
    })
}

fn version_json(id: &str) -> Value {
    json!({"id": id, "created_at": "2026-01-02T03:04:05Z", "cog_version": "0.22.0", "openapi_schema": {"openapi": "3.0.2"}})
}

fn deployment_json(number: u64, version: &str) -> Value {
    json!({
        "owner": "acme", "name": "d",
        "current_release": {
            "number": number, "model": "acme/hotdog", "version": version,
            "configuration": {"hardware": "cpu", "min_instances": 0, "max_instances": 2},
        },
    })
}

async fn serve(server: &MockServer, verb: &str, at: &str, status: u16, body: Value) {
    Mock::given(method(verb)).and(path(at)).respond_with(ResponseTemplate::new(status).set_body_json(body)).mount(server).await;
}

/// Responds only to the next `times` such calls.
async fn serve_times(server: &MockServer, verb: &str, at: &str, times: u64, status: u16, body: Value) {
    let template = ResponseTemplate::new(status).set_body_json(body);
    Mock::given(method(verb)).and(path(at)).respond_with(template).up_to_n_times(times).mount(server).await;
}

async fn count(server: &MockServer, verb: &str) -> usize {
    server.received_requests().await.unwrap().iter().filter(|request| request.method.as_str() == verb).count()
}

#[tokio::test]
async fn account_and_hardware_are_read() {
    let server = MockServer::start().await;
    serve(&server, "GET", "/v1/account", 200, json!({"type": "organization", "username": "acme", "name": null})).await;
    serve(&server, "GET", "/v1/hardware", 200, json!([{"name": "CPU", "sku": "cpu"}, {"name": "Nvidia L40S", "sku": "gpu-l40s"}]))
        .await;
    let client = client(&server);
    let account = client.account().await.unwrap();
    assert_eq!((account.username.as_str(), account.kind), ("acme", AccountKind::Organization));
    let skus: Vec<String> = client.hardware().await.unwrap().into_iter().map(|hardware| hardware.sku).collect();
    assert_eq!(skus, ["cpu", "gpu-l40s"]);
}

#[tokio::test]
async fn a_model_exists_or_not() {
    let server = MockServer::start().await;
    serve_times(&server, "GET", "/v1/models/acme/hotdog", 1, 200, model_json()).await;
    serve(&server, "GET", "/v1/models/acme/hotdog", 404, json!({"detail": "The requested resource could not be found."})).await;
    let client = client(&server);
    let model = client.model(&model_ref()).await.unwrap().unwrap();
    assert_eq!((model.visibility, model.is_official), (Visibility::Private, false));
    assert_eq!(model.latest_version.unwrap().id.as_str(), VERSION);
    assert_eq!(client.model(&model_ref()).await.unwrap(), None);
}

#[tokio::test]
async fn a_forbidden_model_is_an_error() {
    let server = MockServer::start().await;
    serve(&server, "GET", "/v1/models/acme/hotdog", 403, json!({})).await;
    let error = client(&server).model(&model_ref()).await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::Forbidden { .. }));
    assert_eq!(error.to_string(), "failed to get the model acme/hotdog");
}

#[tokio::test]
async fn a_model_is_created_once() {
    let server = MockServer::start().await;
    let body = json!({"owner": "acme", "name": "hotdog", "visibility": "private", "hardware": "cpu"});
    Mock::given(method("POST"))
        .and(body_json(&body))
        .respond_with(ResponseTemplate::new(500))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    serve_times(&server, "POST", "/v1/models", 1, 201, model_json()).await;
    serve(&server, "POST", "/v1/models", 409, json!({"errors": [{"detail": "A model with that name and owner already exists."}]}))
        .await;
    let new = NewModel { model: model_ref(), visibility: Visibility::Private, hardware: "cpu".to_owned(), description: None };
    let client = client(&server);
    assert!(matches!(client.create_model(&new).await.unwrap(), ModelCreation::Created(_)));
    assert_eq!(client.create_model(&new).await.unwrap(), ModelCreation::AlreadyThere);
}

#[tokio::test]
async fn deleting_twice_has_the_same_effect() {
    let server = MockServer::start().await;
    let at = format!("/v1/models/acme/hotdog/versions/{VERSION}");
    serve_times(&server, "DELETE", &at, 1, 202, json!(null)).await;
    serve(&server, "DELETE", &at, 404, json!({})).await;
    serve(&server, "DELETE", "/v1/models/acme/hotdog", 204, json!(null)).await;
    let client = client(&server);
    assert_eq!(client.delete_version(&version_ref()).await.unwrap(), Deletion::Accepted);
    assert_eq!(client.delete_version(&version_ref()).await.unwrap(), Deletion::Absent);
    assert_eq!(client.delete_model(&model_ref()).await.unwrap(), Deletion::Accepted);
}

#[tokio::test]
async fn all_pages_of_versions_are_read_newest_first() {
    let server = MockServer::start().await;
    let at = "/v1/models/acme/hotdog/versions";
    let second = format!("{}{at}?cursor=two", server.uri());
    let page = json!({"next": null, "previous": null, "results": [version_json(ANOTHER), version_json("dp-official")]});
    Mock::given(query_param("cursor", "two")).respond_with(ResponseTemplate::new(200).set_body_json(page)).mount(&server).await;
    serve(&server, "GET", at, 200, json!({"next": second, "previous": null, "results": [version_json(VERSION)]})).await;
    let versions = client(&server).versions(&model_ref()).await.unwrap();
    assert_eq!(versions.iter().map(|version| version.id.as_str()).collect::<Vec<_>>(), [VERSION, ANOTHER]);
}

#[tokio::test]
async fn a_next_page_on_another_host_is_not_requested() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    let next = format!("{}/v1/models/acme/hotdog/versions?cursor=secret", other.uri());
    serve(&server, "GET", "/v1/models/acme/hotdog/versions", 200, json!({"next": next, "results": []})).await;
    let error = client(&server).versions(&model_ref()).await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::UnexpectedBody { reason } if !reason.contains("secret")), "{error:?}");
    assert!(other.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn pages_that_never_end_are_an_error() {
    let server = MockServer::start().await;
    let at = "/v1/models/acme/hotdog/versions";
    serve(&server, "GET", at, 200, json!({"next": at, "results": [version_json(VERSION)]})).await;
    let error = client(&server).versions(&model_ref()).await.unwrap_err();
    assert!(
        matches!(error.failure(), ReplicateFailure::UnexpectedBody { reason } if reason == "there are more than 100 pages"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_pushed_version_is_waited_for() {
    let server = MockServer::start().await;
    let at = format!("/v1/models/acme/hotdog/versions/{VERSION}");
    serve_times(&server, "GET", &at, 2, 404, json!({})).await;
    serve(&server, "GET", &at, 200, version_json(VERSION)).await;
    let client = client(&server);
    let limit = Duration::from_secs(60);
    let version = client.wait_for_version(&version_ref(), limit, &CancellationToken::new()).await.unwrap();
    assert_eq!(version.cog_version.as_deref(), Some("0.22.0"));
    assert_eq!(count(&server, "GET").await, 3);
}

#[tokio::test]
async fn waiting_for_a_version_times_out() {
    let server = MockServer::start().await;
    let client = client(&server);
    let limit = Duration::from_millis(300);
    let error = client.wait_for_version(&version_ref(), limit, &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::NeverAppeared { within } if *within == limit), "{error:?}");
    assert_eq!(client.version(&version_ref()).await.unwrap(), None);
}

#[tokio::test]
async fn waiting_for_a_version_can_be_canceled() {
    let server = MockServer::start().await;
    let cancelled = CancellationToken::new();
    let client = client(&server);
    let version = version_ref();
    let (outcome, ()) = tokio::join!(client.wait_for_version(&version, Duration::from_secs(60), &cancelled), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancelled.cancel();
    });
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn a_run_polls_until_it_finishes() {
    let server = MockServer::start().await;
    let at = "/v1/predictions/abcdefghijklmnopqrstuvwxyz";
    serve(&server, "POST", "/v1/predictions", 201, prediction_json("starting")).await;
    serve_times(&server, "GET", at, 1, 200, prediction_json("processing")).await;
    let mut ended = prediction_json("succeeded");
    ended["output"] = json!(["a", "b"]);
    serve(&server, "GET", at, 200, ended).await;
    let limits =
        RunLimits { startup: Duration::from_secs(900), run: Duration::from_secs(300), polling: Polling::default(), pace: None };
    let request = PredictionRequest::new(PredictionTarget::Version(version_ref()), serde_json::Map::new());
    let pages = Mutex::new(Vec::new());
    let watcher = |prediction: &Prediction| pages.lock().unwrap().push(prediction.web_url.clone().unwrap());
    let client = client(&server);
    let dynamic: &dyn Replicate = &client;
    let prediction = dynamic.run_prediction(&request, &limits, &watcher, &CancellationToken::new()).await.unwrap();
    assert_eq!((prediction.status, prediction.output), (PredictionStatus::Succeeded, Some(json!(["a", "b"]))));
    assert_eq!(pages.lock().unwrap().len(), 3);
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["cancel-after"], "1260s", "the service would stop it if we were gone");
}

#[tokio::test]
async fn a_run_that_takes_too_long_is_canceled_over_the_wire() {
    let server = MockServer::start().await;
    let at = "/v1/predictions/abcdefghijklmnopqrstuvwxyz";
    serve(&server, "POST", "/v1/predictions", 201, prediction_json("starting")).await;
    serve(&server, "GET", at, 200, prediction_json("starting")).await;
    serve(&server, "POST", &format!("{at}/cancel"), 200, prediction_json("canceled")).await;
    let limits =
        RunLimits { startup: Duration::from_millis(250), run: Duration::from_secs(300), polling: Polling::default(), pace: None };
    let request = PredictionRequest::new(PredictionTarget::Version(version_ref()), serde_json::Map::new());
    let error = client(&server).run_prediction(&request, &limits, &|_| {}, &CancellationToken::new()).await.unwrap_err();
    assert!(
        matches!(error.failure(), ReplicateFailure::TimedOut(timed_out) if timed_out.limit == TimeLimit::StartUp && timed_out.stopped)
    );
    assert_eq!(count(&server, "POST").await, 2);
}

#[tokio::test]
async fn a_prediction_that_cannot_be_polled_is_canceled() {
    let server = MockServer::start().await;
    let at = "/v1/predictions/abcdefghijklmnopqrstuvwxyz";
    serve(&server, "POST", "/v1/predictions", 201, prediction_json("starting")).await;
    serve(&server, "GET", at, 401, json!({})).await;
    serve(&server, "POST", &format!("{at}/cancel"), 200, prediction_json("canceled")).await;
    let limits =
        RunLimits { startup: Duration::from_secs(9), run: Duration::from_secs(9), polling: Polling::default(), pace: None };
    let request = PredictionRequest::new(PredictionTarget::Version(version_ref()), serde_json::Map::new());
    let error = client(&server).run_prediction(&request, &limits, &|_| {}, &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::Unauthorized { .. }));
    assert_eq!(count(&server, "POST").await, 2);
}

#[tokio::test]
async fn trainings_have_their_own_urls() {
    let server = MockServer::start().await;
    serve(&server, "GET", "/v1/trainings/t1", 200, prediction_json("processing")).await;
    serve(&server, "POST", "/v1/trainings/t1/cancel", 200, prediction_json("canceled")).await;
    let client = client(&server);
    let id = PredictionId::new("t1");
    assert_eq!(client.training(&id).await.unwrap().status, PredictionStatus::Processing);
    assert_eq!(client.cancel_training(&id).await.unwrap().status, PredictionStatus::Canceled);
}

fn new_deployment() -> NewDeployment {
    NewDeployment {
        owner: "acme".to_owned(),
        name: "d".to_owned(),
        version: version_ref(),
        hardware: "cpu".to_owned(),
        min_instances: 0,
        max_instances: 2,
    }
}

#[tokio::test]
async fn a_deployment_is_created_with_all_its_settings() {
    let server = MockServer::start().await;
    let body = json!({
        "name": "d", "model": "acme/hotdog", "version": VERSION, "hardware": "cpu", "min_instances": 0, "max_instances": 2,
    });
    let answer = ResponseTemplate::new(200).set_body_json(deployment_json(1, VERSION));
    Mock::given(method("POST"))
        .and(path("/v1/deployments"))
        .and(body_json(body))
        .respond_with(answer)
        .expect(1)
        .mount(&server)
        .await;
    let deployment = client(&server).create_deployment(&new_deployment()).await.unwrap();
    assert_eq!((deployment.release, deployment.version), (Some(1), Some(version_ref())));
}

#[tokio::test]
async fn a_lost_creation_of_a_deployment_is_looked_up() {
    let server = MockServer::start().await;
    serve(&server, "POST", "/v1/deployments", 502, json!({})).await;
    serve_times(&server, "GET", "/v1/deployments/acme/d", 1, 404, json!({})).await;
    serve(&server, "GET", "/v1/deployments/acme/d", 200, deployment_json(1, VERSION)).await;
    assert_eq!(client(&server).create_deployment(&new_deployment()).await.unwrap().release, Some(1));
    assert_eq!(count(&server, "POST").await, 2);
}

#[tokio::test]
async fn a_deployment_of_the_same_name_is_a_conflict_unless_it_is_ours() {
    let server = MockServer::start().await;
    serve(&server, "POST", "/v1/deployments", 409, json!({"detail": "taken"})).await;
    let error = client(&server).create_deployment(&new_deployment()).await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::Conflict { .. }));
    assert_eq!(count(&server, "GET").await, 0);
}

#[tokio::test]
async fn invalid_instance_counts_are_rejected_without_a_request() {
    let server = MockServer::start().await;
    let client = client(&server);
    for (min, max) in [(6, 20), (0, 21), (3, 2)] {
        let new = NewDeployment { min_instances: min, max_instances: max, ..new_deployment() };
        let error = client.create_deployment(&new).await.unwrap_err();
        assert!(matches!(error.failure(), ReplicateFailure::InvalidInput { .. }), "{error:?}");
    }
    assert_eq!(client.requests_sent(), 0);
}

#[tokio::test]
async fn an_update_changes_only_what_differs() {
    let server = MockServer::start().await;
    let at = "/v1/deployments/acme/d";
    serve(&server, "GET", at, 200, deployment_json(3, VERSION)).await;
    let answer = ResponseTemplate::new(200).set_body_json(deployment_json(4, ANOTHER));
    Mock::given(method("PATCH")).and(body_json(json!({"version": ANOTHER}))).respond_with(answer).expect(1).mount(&server).await;
    let client = client(&server);
    let to = |version: &str| DeploymentPatch { version: Some(version.parse().unwrap()), ..DeploymentPatch::default() };
    let same = client.update_deployment("acme", "d", &to(VERSION)).await.unwrap();
    assert_eq!((same.changed, same.deployment.release), (false, Some(3)));
    let changed = client.update_deployment("acme", "d", &to(ANOTHER)).await.unwrap();
    assert_eq!((changed.changed, changed.deployment.release), (true, Some(4)));
}

#[tokio::test]
async fn a_lost_update_creates_one_release() {
    let server = MockServer::start().await;
    let at = "/v1/deployments/acme/d";
    serve_times(&server, "GET", at, 1, 200, deployment_json(3, VERSION)).await;
    serve(&server, "GET", at, 200, deployment_json(4, ANOTHER)).await;
    serve(&server, "PATCH", at, 500, json!({})).await;
    let patch = DeploymentPatch { version: Some(ANOTHER.parse().unwrap()), ..DeploymentPatch::default() };
    let update = client(&server).update_deployment("acme", "d", &patch).await.unwrap();
    assert_eq!((update.changed, update.deployment.release), (true, Some(4)));
    assert_eq!(count(&server, "PATCH").await, 1);
}

#[tokio::test]
async fn a_missing_deployment_cannot_be_updated() {
    let server = MockServer::start().await;
    let client = client(&server);
    assert_eq!(client.deployment("acme", "d").await.unwrap(), None);
    let error = client.update_deployment("acme", "d", &DeploymentPatch::default()).await.unwrap_err();
    assert!(error.is_not_found());
}
