//! Deployments.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Api, echo, schema};

fn new(version: &str) -> Value {
    json!({"name": "live", "model": "acme/m", "version": version, "hardware": "cpu", "min_instances": 0, "max_instances": 2})
}

#[tokio::test]
async fn a_deployment_is_created_read_and_listed() {
    let api = Api::start().await;
    let version = api.model(echo());
    let made = api.post("/v1/deployments", new(&version)).await.is(200);
    let release = &made["current_release"];
    assert_eq!((&made["owner"], &made["name"], &release["number"]), (&json!("acme"), &json!("live"), &json!(1)));
    assert_eq!((&release["model"], &release["version"]), (&json!("acme/m"), &json!(version)));
    assert_eq!(release["configuration"], json!({"hardware": "cpu", "min_instances": 0, "max_instances": 2}));
    assert_eq!(release["created_by"]["username"], "acme");
    assert_eq!(api.get("/v1/deployments/acme/live").await.is(200), made);
    assert_eq!(api.get("/v1/deployments").await.is(200)["results"], json!([made]));
    let (status, _, detail) = api.post("/v1/deployments", new(&version)).await.problem();
    assert_eq!((status, detail.as_str()), (409, "A deployment with that name and owner already exists."));
    for path in ["/v1/deployments/acme/other", "/v1/deployments/eve/live"] {
        api.get(path).await.is(404);
    }
}

#[tokio::test]
async fn values_of_a_deployment_are_validated() {
    let api = Api::start().await;
    let version = api.model(echo());
    let cases = [
        ("name", json!("Live!"), "/name"),
        ("name", Value::Null, "/name"),
        ("model", json!("acme/gone"), "/version"),
        ("version", json!("0".repeat(64)), "/version"),
        ("hardware", json!("gpu-x"), "/hardware"),
        ("min_instances", json!(6), "/min_instances"),
        ("max_instances", json!(21), "/max_instances"),
        ("max_instances", json!(-1), "/max_instances"),
        ("min_instances", json!(3), "/max_instances"),
    ];
    for (name, value, pointer) in cases {
        let mut body = new(&version);
        body[name] = value;
        let refused = api.post("/v1/deployments", body).await;
        assert_eq!(refused.problem().1, "Validation failed", "{name}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{name}");
    }
    let empty = api.post("/v1/deployments", json!({})).await.is(400);
    assert_eq!(empty["errors"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn every_update_creates_a_release_and_keeps_other_values() {
    let api = Api::start().await;
    let old = api.model(echo());
    let new_version = api.sandbox.push_scripted_version("m", Some(schema()), echo()).unwrap();
    api.post("/v1/deployments", new(&old)).await.is(200);
    let changed = api.patch("/v1/deployments/acme/live", json!({"version": new_version})).await.is(200);
    let release = &changed["current_release"];
    assert_eq!((&release["number"], &release["version"]), (&json!(2), &json!(new_version)));
    assert_eq!(release["configuration"], json!({"hardware": "cpu", "min_instances": 0, "max_instances": 2}));
    let again = api.patch("/v1/deployments/acme/live", json!({"min_instances": 1})).await.is(200);
    assert_eq!((&again["current_release"]["number"], &again["current_release"]["version"]), (&json!(3), &json!(new_version)));
    api.patch("/v1/deployments/acme/live", json!({"max_instances": 0})).await.is(400);
    api.patch("/v1/deployments/acme/live", json!({"version": "x"})).await.is(400);
    api.patch("/v1/deployments/acme/gone", json!({})).await.is(404);
    assert_eq!(api.get("/v1/deployments/acme/live").await.json()["current_release"]["number"], 3);
}

#[tokio::test]
async fn predictions_on_a_deployment_run_its_version() {
    let api = Api::start().await;
    let version = api.model(echo());
    api.sandbox.push_scripted_version("m", None, echo()).unwrap();
    api.post("/v1/deployments", new(&version)).await.is(200);
    let made = api.post("/v1/deployments/acme/live/predictions", json!({"input": {"prompt": "a"}})).await.is(201);
    assert_eq!((&made["version"], &made["deployment"]), (&json!(version), &json!("acme/live")));
    let done = api.until(made["id"].as_str().unwrap(), "succeeded").await;
    assert_eq!(done["output"], "a");
    assert_eq!(api.sandbox.predictions()[0].deployment.as_deref(), Some("acme/live"));
    api.post("/v1/deployments/acme/live/predictions", json!({"input": {}})).await.is(422);
    api.post("/v1/deployments/acme/live/predictions", json!({"input": {"prompt": "a"}, "version": version})).await.is(422);
    api.post("/v1/deployments/acme/gone/predictions", json!({"input": {}})).await.is(404);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_deleted_only_when_it_is_idle() {
    let api = Api::start().await;
    let version = api.model(echo());
    let mut body = new(&version);
    body["min_instances"] = json!(1);
    api.post("/v1/deployments", body).await.is(200);
    api.delete("/v1/deployments/acme/live").await.is(400);
    api.patch("/v1/deployments/acme/live", json!({"min_instances": 0})).await.is(200);
    api.post("/v1/deployments/acme/live/predictions", json!({"input": {"prompt": "a"}})).await.is(201);
    api.delete("/v1/deployments/acme/live").await.is(400);
    tokio::time::sleep(Duration::from_secs(15 * 60)).await;
    api.delete("/v1/deployments/acme/live").await.is(204);
    api.delete("/v1/deployments/acme/live").await.is(404);
}
