//! Models and scripts from a YAML file.

use replicate_sandbox::{Sandbox, SandboxOptions};
use serde_json::json;

use crate::client::{Api, options};

const SCENARIO: &str = r#"
models:
  - name: hotdog
    hardware: gpu-t4
    versions:
      - schema:
          components:
            schemas:
              Input: {type: object, required: [prompt], properties: {prompt: {type: string}}}
        setup: {seconds: 3, logs: "loading\n"}
        replies:
          - when: {prompt: bad}
            failure: "{prompt} is bad"
          - when: {prompt: broken}
            never: ends
          - output: ["hello {prompt}", 1]
            seconds: 2
            logs: "running\n"
            metrics: {tokens: 3}
    pushed:
      replies: [{output: pushed}]
  - name: eve/open
    visibility: public
    official: true
    versions:
      - replies: [{output: official}]
"#;

async fn started(text: &str) -> Result<Api, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let options = SandboxOptions { script: Some(file.path().to_owned()), ..options() };
    match Sandbox::start(options.clone()).await {
        Ok(sandbox) => {
            sandbox.stop().await;
            Ok(Api::with(options).await)
        }
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_scenario_creates_models_that_answer() {
    let api = started(SCENARIO).await.unwrap();
    assert_eq!(api.get("/v1/models/acme/hotdog").await.is(200)["visibility"], "private");
    let version = api.sandbox.versions("hotdog")[0].id.clone();
    let job = api.run(&version, json!({"prompt": "cat"})).await;
    assert_eq!(
        (&job["output"], &job["logs"], &job["metrics"]["tokens"]),
        (&json!(["hello cat", 1]), &json!("loading\nrunning\n"), &json!(3))
    );
    assert_eq!(job["metrics"]["total_time"].as_f64().unwrap().round(), 5.0);
    let bad = api.predict(&version, json!({"prompt": "bad"})).await;
    assert_eq!(api.until(&bad, "failed").await["error"], "bad is bad");
    api.post("/v1/predictions", json!({"version": version, "input": {}})).await.is(422);
    let official = api.post("/v1/models/eve/open/predictions", json!({"input": {}})).await.is(201);
    assert_eq!(official["version"], "hidden");
    let pushed = crate::registry::push(&api, "acme/hotdog", json!({})).await;
    assert_eq!(api.run(&pushed, json!({})).await["output"], "pushed");
}

#[tokio::test]
async fn an_invalid_scenario_is_reported() {
    let cases = [
        ("models: [{name: m, versions: [{replies: []}]}]", "model m: at least one reply is required"),
        ("models: [{name: 'Bad Name'}]", "'Bad Name' is not a valid name of an account or model"),
        ("models: [{name: m}, {name: acme/m}]", "the model acme/m already exists"),
        ("modles: []", "modles"),
    ];
    for (text, part) in cases {
        let error = started(text).await.err().unwrap();
        assert!(error.contains(part), "{text}: {error}");
    }
    let missing = SandboxOptions { script: Some("/nowhere/script.yaml".into()), ..options() };
    let error = Sandbox::start(missing).await.unwrap_err().to_string();
    assert_eq!(error, "failed to read the script /nowhere/script.yaml");
}

#[tokio::test]
async fn inputs_without_a_reply_fail() {
    let api = started("models: [{name: m, versions: [{replies: [{when: {a: 1}, output: x}]}]}]").await.unwrap();
    let version = api.sandbox.versions("m")[0].id.clone();
    let id = api.predict(&version, json!({"a": 2})).await;
    assert_eq!(api.until(&id, "failed").await["error"], "the script has no reply to these inputs");
}
