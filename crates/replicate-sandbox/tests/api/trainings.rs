//! Trainings.

use replicate_sandbox::{JobKind, Script, ScriptedReply, Visibility};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Api, echo, schema};

fn trainer() -> Script {
    Script::new(|request| match request.kind {
        JobKind::Training => ScriptedReply::output(json!({"weights": "data:application/x-tar;base64,AQI="})).logs("epoch 1\n"),
        JobKind::Prediction => ScriptedReply::output("predicted"),
    })
}

async fn start(api: &Api, version: &str) -> Value {
    let body = json!({"destination": "acme/tuned", "input": {"data": "x"}});
    api.post(&format!("/v1/models/acme/m/versions/{version}/trainings"), body).await.is(201)
}

#[tokio::test]
async fn a_training_creates_a_version_of_its_destination() {
    let api = Api::start().await;
    let version = api.model(trainer());
    api.sandbox.create_model("tuned", Visibility::Private, "cpu").unwrap();
    let made = start(&api, &version).await;
    assert_eq!((&made["status"], &made["version"], &made["model"]), (&json!("starting"), &json!(version), &json!("acme/m")));
    let id = made["id"].as_str().unwrap();
    // As at the real service, the URL of a training points to the predictions.
    assert!(made["urls"]["get"].as_str().unwrap().ends_with(&format!("/v1/predictions/{id}")));
    let done = api.until(id, "succeeded").await;
    assert_eq!(api.get(&format!("/v1/trainings/{id}")).await.is(200), done);
    let trained = &api.sandbox.versions("tuned")[0].id;
    assert_eq!(done["output"]["version"], format!("acme/tuned:{trained}"));
    assert!(done["output"]["weights"].as_str().unwrap().starts_with(api.sandbox.base_url()), "{done}");
    assert_eq!(api.run(&format!("acme/tuned:{trained}"), json!({"prompt": "a"})).await["output"], "predicted");
    let listed = api.get("/v1/trainings").await.is(200);
    assert_eq!(listed["results"], json!([done]));
    assert_eq!(api.get("/v1/predictions").await.is(200)["results"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn trainings_without_a_destination_of_the_account_are_rejected() {
    let api = Api::start().await;
    let version = api.model(trainer());
    api.sandbox.create_model("eve/m", Visibility::Public, "cpu").unwrap();
    let path = format!("/v1/models/acme/m/versions/{version}/trainings");
    for destination in ["acme/gone", "eve/m", "nonsense"] {
        let refused = api.post(&path, json!({"destination": destination, "input": {"data": "x"}})).await;
        let detail = "The specified training destination does not exist".to_owned();
        assert_eq!(refused.problem(), (404, String::new(), detail), "{destination}");
    }
    api.post(&path, json!({"input": {"data": "x"}})).await.is(422);
    let refused = api.post(&path, json!({"destination": "acme/m", "input": {}})).await.is(422);
    assert_eq!(refused["invalid_fields"][0]["description"], "data is required");
    let other = format!("/v1/models/acme/m/versions/{}/trainings", "0".repeat(64));
    api.post(&other, json!({"destination": "acme/m", "input": {}})).await.is(404);
}

#[tokio::test]
async fn a_version_without_a_train_interface_cannot_be_trained() {
    let api = Api::start().await;
    let mut schema = schema();
    schema["components"]["schemas"].as_object_mut().unwrap().shift_remove("TrainingInput");
    let version = api.model_named("m", Some(schema), echo());
    let body = json!({"destination": "acme/m", "input": {}});
    let refused = api.post(&format!("/v1/models/acme/m/versions/{version}/trainings"), body).await;
    assert_eq!(refused.problem().2, "This version cannot be trained: it has no train interface.");
}

#[tokio::test]
async fn a_canceled_training_creates_no_version() {
    let api = Api::start().await;
    let version = api.model(Script::always(ScriptedReply::never_ends()));
    api.sandbox.create_model("tuned", Visibility::Private, "cpu").unwrap();
    let id = start(&api, &version).await["id"].as_str().unwrap().to_owned();
    api.until(&id, "processing").await;
    let cancelled = api.send(Method::POST, &format!("/v1/trainings/{id}/cancel"), None).await.is(200);
    assert_eq!(cancelled["status"], "canceled");
    assert!(api.sandbox.versions("tuned").is_empty());
    let prediction = api.predict(&version, json!({"prompt": "a"})).await;
    api.get(&format!("/v1/trainings/{prediction}")).await.is(404);
    api.send(Method::POST, &format!("/v1/trainings/{prediction}/cancel"), None).await.is(404);
    api.until(&prediction, "processing").await;
}
