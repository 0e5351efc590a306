//! Creating predictions: what is accepted, what is rejected, and the responses.

use replicate_sandbox::{Script, ScriptedReply};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Api, echo, schema};

#[tokio::test]
async fn a_prediction_goes_from_starting_to_succeeded() {
    let api = Api::start().await;
    let reply = ScriptedReply::output("hi").logs("running\n").metric("tokens", 3).setup_logs("loading\n");
    let version = api.model(Script::always(reply));
    let created = api.post("/v1/predictions", json!({"version": version, "input": {"prompt": "a"}})).await.is(201);
    let id = created["id"].as_str().unwrap();
    let urls = |base: &str| json!({"get": format!("{base}/v1/predictions/{id}"), "cancel": format!("{base}/v1/predictions/{id}/cancel"), "web": format!("{base}/p/{id}")});
    let mut expected = json!({"id": id, "model": "acme/m", "version": version, "status": "starting", "source": "api",
        "input": {"prompt": "a"}, "output": null, "error": null, "logs": "", "data_removed": false, "metrics": {},
        "created_at": created["created_at"], "started_at": null, "completed_at": null, "urls": urls(api.sandbox.base_url())});
    assert_eq!(created, expected);
    let done = api.until(id, "succeeded").await;
    let times = ["started_at", "completed_at"].map(|name| done[name].clone());
    assert!(created["created_at"].as_str() <= times[0].as_str() && times[0].as_str() <= times[1].as_str(), "{done}");
    assert!(done["metrics"]["predict_time"].is_f64() && done["metrics"]["total_time"].is_f64(), "{done}");
    for (name, value) in [("status", json!("succeeded")), ("output", json!("hi")), ("logs", json!("loading\nrunning\n"))] {
        expected[name] = value;
    }
    for name in ["started_at", "completed_at", "metrics"] {
        expected[name] = done[name].clone();
    }
    assert_eq!(done, expected);
    assert_eq!(done["metrics"]["tokens"], 3);
}

#[tokio::test]
async fn a_version_is_named_by_its_id_alone_or_with_its_model() {
    let api = Api::start().await;
    let version = api.model(echo());
    for named in [version.clone(), format!("acme/m:{version}")] {
        assert_eq!(api.run(&named, json!({"prompt": "a"})).await["version"], json!(version));
    }
}

#[tokio::test]
async fn missing_versions_are_rejected_with_the_services_message() {
    let api = Api::start().await;
    let version = api.model(echo());
    let detail = "The specified version does not exist (or perhaps you don't have permission to use it?)";
    for named in
        [&"0".repeat(64), "acme/m", &format!("acme/other:{version}"), &format!("acme/m:{}", "1".repeat(64)), "", "nonsense"]
    {
        let refused = api.post("/v1/predictions", json!({"version": named, "input": {"prompt": "a"}})).await;
        assert_eq!(refused.problem(), (422, "Invalid version or not permitted".to_owned(), detail.to_owned()), "{named}");
    }
}

#[tokio::test]
async fn invalid_inputs_are_rejected_field_by_field() {
    let api = Api::start().await;
    let version = api.model(echo());
    let input = json!({"steps": 9, "size": "huge", "image": 5});
    let refused = api.post("/v1/predictions", json!({"version": version, "input": input})).await;
    let body = refused.json();
    let fields = json!([
        {"type": "required", "field": "input", "description": "prompt is required"},
        {"type": "number_lte", "field": "input.steps", "description": "Must be less than or equal to 4"},
        {"type": "enum", "field": "input.size", "description": "input.size must be one of the following: \"small\", \"large\""},
        {"type": "invalid_type", "field": "input.image", "description": "Invalid type. Expected: string, given: integer"},
    ]);
    assert_eq!(body["invalid_fields"], fields);
    let (status, title, detail) = refused.problem();
    assert_eq!((status, title.as_str()), (422, "Input validation failed"));
    assert!(detail.starts_with("- input: prompt is required\n- input.steps: Must be less than or equal to 4\n"), "{detail}");
    assert!(api.sandbox.predictions().is_empty());
}

#[tokio::test]
async fn each_rule_of_an_input_is_enforced() {
    let api = Api::start().await;
    let version = api.model(echo());
    let cases = [
        (json!({"prompt": null}), "invalid_type"),
        (json!({"prompt": 5}), "invalid_type"),
        (json!({"prompt": "x".repeat(21)}), "string_lte"),
        (json!({"prompt": "a", "steps": 0}), "number_gte"),
        (json!({"prompt": "a", "steps": 1.5}), "invalid_type"),
        (json!({"prompt": "a", "steps": null}), "invalid_type"),
        (json!({"prompt": "a", "image": "not a url"}), "format"),
    ];
    for (input, rule) in cases {
        let refused = api.post("/v1/predictions", json!({"version": version, "input": input})).await.is(422);
        assert_eq!(refused["invalid_fields"][0]["type"], rule, "{input}");
    }
    let job = api.run(&version, json!({"prompt": "a", "unknown": 1, "steps": 4.0})).await;
    assert_eq!(job["input"]["unknown"], 1);
}

#[tokio::test]
async fn unknown_members_of_the_body_are_rejected() {
    let api = Api::start().await;
    let version = api.model(echo());
    let body = json!({"version": version, "input": {"prompt": "a"}, "wehbook": "x"});
    let refused = api.post("/v1/predictions", body).await.is(422);
    let field = json!({"type": "additional_property_not_allowed", "field": "(root)", "description": "Additional property wehbook is not allowed"});
    assert_eq!(refused["invalid_fields"], json!([field]));
    for body in [
        json!({"version": version}),
        json!({"input": {}}),
        json!({"version": version, "input": []}),
        json!({"version": 5, "input": {}}),
    ] {
        api.post("/v1/predictions", body).await.is(422);
    }
}

#[tokio::test]
async fn webhooks_are_accepted_and_ignored() {
    let api = Api::start().await;
    let version = api.model(echo());
    let mut body = json!({"version": version, "input": {"prompt": "a"}, "webhook": "https://hooks.example/x", "webhook_events_filter": ["start", "completed"], "stream": false});
    api.post("/v1/predictions", body.clone()).await.is(201);
    body["webhook_events_filter"] = json!(["sometimes"]);
    assert_eq!(api.post("/v1/predictions", body).await.is(422)["invalid_fields"][0]["field"], "webhook_events_filter.0");
}

#[tokio::test]
async fn a_version_without_a_schema_accepts_anything() {
    let api = Api::start().await;
    let version = api.model_named("m", None, echo());
    assert_eq!(api.run(&version, json!({"prompt": [1, null]})).await["output"], json!([1, null]));
}

#[tokio::test]
async fn a_disabled_version_is_rejected() {
    let api = Api::start().await;
    let version = api.model(echo());
    api.sandbox.disable_version("m", &version).unwrap();
    let refused = api.post("/v1/predictions", json!({"version": version, "input": {"prompt": "a"}})).await;
    let detail = "This version has been disabled because it consistently fails to complete setup.";
    assert_eq!(refused.problem(), (422, "Version disabled".to_owned(), detail.to_owned()));
}

#[tokio::test]
async fn a_wait_has_the_pitfalls_of_the_real_service() {
    let api = Api::start().await;
    let version = api.model(Script::always(ScriptedReply::output("hi").logs("running\n")));
    let body = json!({"version": version, "input": {"prompt": "a"}});
    let answer = api.try_send(Method::POST, "/v1/predictions", &[("prefer", "wait=10")], Some(body)).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("preference-applied")), (201, "wait=10"));
    let job = answer.json();
    let seen = ["status", "output", "logs", "metrics", "completed_at"].map(|name| job[name].clone());
    assert_eq!(seen, [json!("processing"), json!("hi"), json!(""), json!({}), Value::Null]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_runs_out_answers_with_202() {
    let api = Api::start().await;
    let version = api.model(Script::always(ScriptedReply::never_ends()));
    let body = json!({"version": version, "input": {"prompt": "a"}});
    let answer = api.try_send(Method::POST, "/v1/predictions", &[("prefer", "wait")], Some(body)).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("preference-applied")), (202, "wait=60"));
    let job = answer.json();
    assert_eq!((&job["status"], &job["output"]), (&json!("starting"), &Value::Null));
}

#[tokio::test]
async fn invalid_headers_are_rejected() {
    let api = Api::start().await;
    let version = api.model(echo());
    let cases = [
        ("prefer", "wait=0"),
        ("prefer", "wait=61"),
        ("prefer", "waiting"),
        ("cancel-after", "4"),
        ("cancel-after", "soon"),
        ("cancel-after", "1m-2s"),
    ];
    for (name, value) in cases {
        let body = json!({"version": version, "input": {"prompt": "a"}});
        let refused = api.try_send(Method::POST, "/v1/predictions", &[(name, value)], Some(body)).await.unwrap();
        assert_eq!(refused.problem().0, 400, "{name}: {value}");
        assert_eq!(refused.json()["errors"][0]["pointer"], format!("/{name}"));
    }
    assert!(api.sandbox.predictions().is_empty());
}

#[tokio::test]
async fn a_streaming_version_has_a_stream_of_events() {
    let api = Api::start().await;
    let mut schema = schema();
    schema["components"]["schemas"]["Output"] =
        json!({"type": "array", "items": {"type": "string"}, "x-cog-array-type": "iterator"});
    let version = api.model_named("m", Some(schema), Script::always(ScriptedReply::output(json!(["one", "two\nthree"]))));
    let job = api.run(&version, json!({"prompt": "a"})).await;
    let stream = api.get(job["urls"]["stream"].as_str().unwrap()).await;
    assert_eq!(stream.header("content-type"), "text/event-stream");
    assert_eq!(stream.text, "event: output\ndata: one\n\nevent: output\ndata: two\ndata: three\n\nevent: done\ndata: {}\n\n");
    let plain = api.model_named("plain", None, echo());
    let id = api.run(&plain, json!({})).await["id"].as_str().unwrap().to_owned();
    api.get(&format!("/v1/predictions/{id}/stream")).await.is(404);
}

#[tokio::test]
async fn the_owner_sees_what_ran() {
    let api = Api::start().await;
    let version = api.model(echo());
    api.run(&version, json!({"prompt": "a"})).await;
    let records = api.sandbox.predictions();
    let [one] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(
        (one.model.as_str(), one.version.as_str(), one.status, one.is_scripted),
        ("acme/m", version.as_str(), "succeeded", true)
    );
    assert_eq!(Value::Object(one.input.clone()), json!({"prompt": "a"}));
}
