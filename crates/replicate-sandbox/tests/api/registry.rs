//! Pushing without a daemon: the tests speak the protocol themselves.

use std::time::Duration;

use replicate_sandbox::{SandboxOptions, Script, ScriptedReply, UploadFault, Visibility};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::client::{Answer, Api, options, schema};

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(content)))
}

async fn send(api: &Api, method: Method, path: &str, body: Vec<u8>) -> reqwest::Response {
    let url = format!("{}{path}", api.sandbox.base_url());
    let request = api.client.request(method, url).basic_auth(api.sandbox.username(), Some(api.sandbox.cli_token().expose_secret()));
    request.body(body).send().await.unwrap()
}

/// Pushes an image with these labels and returns the hexadecimal digits of its digest.
pub(crate) async fn push(api: &Api, repository: &str, labels: Value) -> String {
    let config = json!({"config": {"Labels": labels}}).to_string().into_bytes();
    for blob in [config.clone(), b"layer".to_vec()] {
        let path = format!("/v2/{repository}/blobs/uploads/?digest={}", digest(&blob));
        assert_eq!(send(api, Method::POST, &path, blob).await.status(), 201);
    }
    let manifest = json!({"schemaVersion": 2, "config": {"digest": digest(&config)}, "layers": [{"digest": digest(b"layer")}]});
    let manifest = manifest.to_string().into_bytes();
    let path = format!("/v2/{repository}/manifests/latest");
    assert_eq!(send(api, Method::PUT, &path, manifest.clone()).await.status(), 201);
    digest(&manifest)["sha256:".len()..].to_owned()
}

fn labels() -> Value {
    json!({"run.cog.version": "0.16.12", "run.cog.openapi_schema": schema().to_string()})
}

#[tokio::test]
async fn a_push_creates_a_version_from_the_images_labels() {
    let api = Api::start().await;
    api.sandbox.create_model("m", Visibility::Private, "cpu").unwrap();
    let id = push(&api, "acme/m", labels()).await;
    let version = api.get(&format!("/v1/models/acme/m/versions/{id}")).await.is(200);
    assert_eq!((&version["cog_version"], &version["openapi_schema"]), (&json!("0.16.12"), &schema()));
    assert_eq!(push(&api, "acme/m", labels()).await, id);
    assert_eq!(api.sandbox.versions("m").len(), 1);
    assert!(api.sandbox.uploaded_bytes() > 0);
}

#[tokio::test]
async fn a_blob_of_another_model_is_mounted_instead_of_uploaded() {
    let api = Api::start().await;
    for name in ["m", "m-test"] {
        api.sandbox.create_model(name, Visibility::Private, "cpu").unwrap();
    }
    push(&api, "acme/m-test", labels()).await;
    let sent = api.sandbox.uploaded_bytes();
    let path = format!("/v2/acme/m/blobs/uploads/?mount={}&from=acme/m-test", digest(b"layer"));
    assert_eq!(send(&api, Method::POST, &path, Vec::new()).await.status(), 201);
    assert_eq!((api.sandbox.mounted_blobs(), api.sandbox.uploaded_bytes()), (1, sent));
}

#[tokio::test]
async fn labels_may_be_old_or_missing() {
    let api = Api::start().await;
    api.sandbox.create_model("m", Visibility::Private, "cpu").unwrap();
    push(&api, "acme/m", json!({"org.cogmodel.version": "0.9.0", "org.cogmodel.openapi_schema": "{broken"})).await;
    push(&api, "acme/m", json!({"unrelated": "x"})).await;
    let seen: Vec<_> = api.sandbox.versions("m").into_iter().map(|version| (version.cog_version, version.schema)).collect();
    assert_eq!(seen, [(None, None), (Some("0.9.0".to_owned()), None)]);
}

#[tokio::test]
async fn only_models_of_the_account_are_repositories() {
    let api = Api::start().await;
    api.sandbox.create_model("eve/m", Visibility::Public, "cpu").unwrap();
    let cases = [
        ("acme/gone", 404, "NAME_UNKNOWN", "The model https://replicate.com/acme/gone does not exist"),
        ("eve/m", 403, "DENIED", "You don't have write access to this model"),
    ];
    for (repository, status, code, message) in cases {
        let answer = send(&api, Method::POST, &format!("/v2/{repository}/blobs/uploads/"), Vec::new()).await;
        assert_eq!(answer.status(), status);
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!((&body["errors"][0]["code"], &body["errors"][0]["message"]), (&json!(code), &json!(message)));
    }
}

#[tokio::test]
async fn the_registry_requires_the_cli_token() {
    let api = Api::start().await;
    let url = format!("{}/v2/", api.sandbox.base_url());
    let with =
        async |user: &str, password: &str| api.client.get(&url).basic_auth(user, Some(password)).send().await.unwrap().status();
    assert_eq!(with("acme", api.sandbox.cli_token().expose_secret()).await, 200);
    assert_eq!(with("acme", api.sandbox.api_token().expose_secret()).await, 401);
    assert_eq!(with("eve", api.sandbox.cli_token().expose_secret()).await, 401);
    let authorized: Vec<bool> = api.sandbox.requests().iter().map(|request| request.authorized).collect();
    assert_eq!(authorized, [true, false, false]);
}

async fn verify(api: &Api, token: &str) -> Answer {
    let url = format!("{}/cog/v1/verify-token", api.sandbox.base_url());
    let response = api.client.post(url).form(&[("token", token)]).send().await.unwrap();
    Answer { status: response.status(), headers: response.headers().clone(), text: response.text().await.unwrap() }
}

#[tokio::test]
async fn the_token_check_names_the_user() {
    let api = Api::start().await;
    let answer = verify(&api, api.sandbox.cli_token().expose_secret()).await;
    assert_eq!(answer.is(200), json!({"username": "acme"}));
    for wrong in ["", "nonsense", api.sandbox.api_token().expose_secret()] {
        verify(&api, wrong).await.is(401);
    }
    let url = api.get("/cog/v1/display-token-url").await.is(200)["url"].clone();
    assert_eq!(url, format!("{}/auth/token", api.sandbox.base_url()));
}

#[tokio::test(start_paused = true)]
async fn a_pushed_version_becomes_visible_later() {
    let api = Api::with(SandboxOptions { version_delay: Duration::from_secs(20), ..options() }).await;
    api.sandbox.create_model("m", Visibility::Private, "cpu").unwrap();
    let id = push(&api, "acme/m", labels()).await;
    let path = format!("/v1/models/acme/m/versions/{id}");
    api.get(&path).await.is(404);
    assert_eq!(api.get("/v1/models/acme/m").await.json()["latest_version"], Value::Null);
    api.post("/v1/predictions", json!({"version": id, "input": {"prompt": "a"}})).await.is(422);
    assert_eq!(api.sandbox.versions("m").len(), 1);
    tokio::time::sleep(Duration::from_secs(20)).await;
    api.get(&path).await.is(200);
}

#[tokio::test]
async fn pushed_versions_can_be_answered_by_a_script() {
    let api = Api::start().await;
    api.sandbox.create_model("m", Visibility::Private, "cpu").unwrap();
    api.sandbox.script_pushed_versions("m", Script::always(ScriptedReply::output("old"))).unwrap();
    let old = push(&api, "acme/m", labels()).await;
    api.sandbox.script_pushed_versions("m", Script::always(ScriptedReply::output("new"))).unwrap();
    let new = push(&api, "acme/m", json!({})).await;
    assert_eq!(api.run(&old, json!({"prompt": "a"})).await["output"], "old");
    assert_eq!(api.run(&new, json!({})).await["output"], "new");
    api.post("/v1/predictions", json!({"version": old, "input": {}})).await.is(422);
    assert!(api.sandbox.versions("m").iter().all(|version| version.is_scripted));
}

#[tokio::test]
async fn one_image_may_be_a_version_of_two_models() {
    let api = Api::start().await;
    for name in ["m", "m-test"] {
        api.sandbox.create_model(name, Visibility::Private, "cpu").unwrap();
        api.sandbox.script_pushed_versions(name, Script::new(|request| ScriptedReply::output(request.model.clone()))).unwrap();
    }
    let id = push(&api, "acme/m", labels()).await;
    assert_eq!(push(&api, "acme/m-test", labels()).await, id);
    for name in ["acme/m", "acme/m-test"] {
        assert_eq!(api.run(&format!("{name}:{id}"), json!({"prompt": "a"})).await["output"], name);
    }
}

#[tokio::test]
async fn uploads_fail_on_request() {
    let api = Api::start().await;
    api.sandbox.create_model("m", Visibility::Private, "cpu").unwrap();
    api.sandbox.fail_uploads(UploadFault::BadGateway, 1);
    assert_eq!(send(&api, Method::POST, "/v2/acme/m/blobs/uploads/", Vec::new()).await.status(), 502);
    assert_eq!(send(&api, Method::POST, "/v2/acme/m/blobs/uploads/", Vec::new()).await.status(), 202);
}

#[tokio::test]
async fn an_image_by_reference_needs_docker_and_a_model() {
    let api = Api::start().await;
    api.sandbox.create_model("m", Visibility::Private, "cpu").unwrap();
    let refused = api.post("/sandbox/images", json!({"model": "acme/m", "image": "x:latest"})).await.problem();
    assert_eq!((refused.0, refused.2.as_str()), (400, "the sandbox was started without Docker"));
    api.post("/sandbox/images", json!({"model": "acme/gone", "image": "x"})).await.is(404);
    assert_eq!(api.post("/sandbox/images", json!({"model": "acme/m"})).await.is(400)["errors"][0]["pointer"], "/image");
}
