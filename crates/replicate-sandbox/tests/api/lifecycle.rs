//! How predictions run, wait, fail and finish.

use std::time::Duration;

use replicate_sandbox::{SandboxOptions, Script, ScriptedReply};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Api, echo, options};

const SECOND: Duration = Duration::from_secs(1);

fn always(reply: ScriptedReply) -> Script {
    Script::always(reply)
}

#[tokio::test(start_paused = true)]
async fn only_the_first_prediction_waits_for_the_boot() {
    let api = Api::start().await;
    let version = api.model(always(ScriptedReply::output("x").setup(30 * SECOND).setup_logs("boot\n").after(2 * SECOND)));
    let first = api.predict(&version, json!({"prompt": "a"})).await;
    tokio::time::sleep(29 * SECOND).await;
    let cold = api.get(&format!("/v1/predictions/{first}")).await.is(200);
    assert_eq!((&cold["status"], &cold["logs"], &cold["started_at"]), (&json!("starting"), &json!("boot\n"), &Value::Null));
    let first = api.until(&first, "succeeded").await;
    let second = api.run(&version, json!({"prompt": "b"})).await;
    let time = |job: &Value, name: &str| job["metrics"][name].as_f64().unwrap().round();
    assert_eq!((time(&first, "predict_time"), time(&first, "total_time")), (2.0, 32.0));
    assert_eq!((time(&second, "predict_time"), time(&second, "total_time")), (2.0, 2.0));
}

#[tokio::test]
async fn failures_keep_their_error_and_logs() {
    let cases = [
        (ScriptedReply::failure("boom").logs("Traceback\n"), "boom", "Traceback\n", true),
        (ScriptedReply::setup_failure("no weights").setup_logs("loading\n"), "model setup failed: no weights", "loading\n", false),
        (ScriptedReply::disappears(), "the model's container disappeared while the prediction ran", "", true),
        (
            ScriptedReply::failure("Prediction interrupted; please retry (code: PA)"),
            "Prediction interrupted; please retry (code: PA)",
            "",
            true,
        ),
    ];
    for (reply, error, logs, started) in cases {
        let api = Api::start().await;
        let version = api.model(always(reply));
        let id = api.predict(&version, json!({"prompt": "a"})).await;
        let job = api.until(&id, "failed").await;
        assert_eq!((&job["error"], &job["logs"], &job["output"]), (&json!(error), &json!(logs), &Value::Null));
        assert_eq!(job["started_at"].is_string(), started, "{job}");
        assert_eq!(job["metrics"]["predict_time"].is_f64(), started, "{job}");
        assert!(job["completed_at"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_that_disappeared_boots_again() {
    let api = Api::start().await;
    let version = api.model(Script::new(|request| match request.number {
        1 => ScriptedReply::disappears().setup(5 * SECOND),
        _ => ScriptedReply::output("x").setup(5 * SECOND),
    }));
    let mut totals = Vec::new();
    for expected in ["succeeded", "failed", "succeeded"] {
        let id = api.predict(&version, json!({"prompt": "a"})).await;
        totals.push(api.until(&id, expected).await["metrics"]["total_time"].as_f64().unwrap().round());
    }
    assert_eq!(totals, [5.0, 0.0, 5.0]);
}

#[tokio::test]
async fn a_prediction_can_be_canceled_at_any_time() {
    for (reply, status, logs) in [
        (ScriptedReply::never_boots(), "starting", Value::Null),
        (ScriptedReply::never_ends().logs("on it\n"), "processing", json!("on it\n")),
    ] {
        let api = Api::start().await;
        let version = api.model(always(reply));
        let id = api.predict(&version, json!({"prompt": "a"})).await;
        api.until(&id, status).await;
        let path = format!("/v1/predictions/{id}/cancel");
        let cancelled = api.send(Method::POST, &path, None).await.is(200);
        assert_eq!((&cancelled["status"], &cancelled["output"], &cancelled["logs"]), (&json!("canceled"), &Value::Null, &logs));
        assert!(cancelled["completed_at"].is_string());
        let again = api.send(Method::POST, &path, None).await.is(200);
        assert_eq!(again, cancelled);
    }
}

#[tokio::test]
async fn canceling_a_finished_prediction_changes_nothing() {
    let api = Api::start().await;
    let version = api.model(echo());
    let job = api.run(&version, json!({"prompt": "a"})).await;
    let path = format!("/v1/predictions/{}/cancel", job["id"].as_str().unwrap());
    assert_eq!(api.send(Method::POST, &path, None).await.is(200), job);
    api.send(Method::POST, "/v1/predictions/unknown/cancel", None).await.is(404);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_aborts_waiting_jobs_and_cancels_running_ones() {
    for (reply, status) in [(ScriptedReply::never_boots(), "aborted"), (ScriptedReply::never_ends(), "canceled")] {
        let api = Api::start().await;
        let version = api.model(always(reply));
        let body = json!({"version": version, "input": {"prompt": "a"}});
        let made = api.try_send(Method::POST, "/v1/predictions", &[("cancel-after", "1m30s")], Some(body)).await.unwrap().is(201);
        assert!(made["deadline"].as_str() > made["created_at"].as_str());
        let id = made["id"].as_str().unwrap();
        tokio::time::sleep(89 * SECOND).await;
        let before = api.get(&format!("/v1/predictions/{id}")).await.is(200);
        assert!(before["completed_at"].is_null(), "{before}");
        let after = api.until(id, status).await;
        assert_eq!(after["metrics"]["total_time"].as_f64().unwrap().round(), 90.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_prediction_that_finishes_before_its_deadline_keeps_its_result() {
    let api = Api::start().await;
    let version = api.model(always(ScriptedReply::output("x").after(4 * SECOND)));
    let body = json!({"version": version, "input": {"prompt": "a"}});
    let made = api.try_send(Method::POST, "/v1/predictions", &[("cancel-after", "5")], Some(body)).await.unwrap().is(201);
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(api.until(made["id"].as_str().unwrap(), "succeeded").await["output"], "x");
}

#[tokio::test(start_paused = true)]
async fn more_predictions_than_instances_queue_as_starting() {
    let api = Api::with(SandboxOptions { max_instances: 2, ..options() }).await;
    let version = api.model(always(ScriptedReply::output("x").after(10 * SECOND)));
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(api.predict(&version, json!({"prompt": "a"})).await);
    }
    tokio::time::sleep(5 * SECOND).await;
    let statuses: Vec<&str> = api.sandbox.predictions().iter().map(|one| one.status).collect();
    assert_eq!(statuses, ["processing", "processing", "starting"]);
    let last = api.until(&ids[2], "succeeded").await;
    assert_eq!(last["metrics"]["total_time"].as_f64().unwrap().round(), 20.0);
    assert_eq!(last["metrics"]["predict_time"].as_f64().unwrap().round(), 10.0);
}

#[tokio::test]
async fn a_canceled_prediction_frees_its_instance() {
    let api = Api::with(SandboxOptions { max_instances: 1, ..options() }).await;
    let version = api.model(Script::new(|request| match request.number {
        0 => ScriptedReply::never_ends(),
        _ => ScriptedReply::output("x"),
    }));
    let stuck = api.predict(&version, json!({"prompt": "a"})).await;
    api.until(&stuck, "processing").await;
    let next = api.predict(&version, json!({"prompt": "b"})).await;
    api.send(Method::POST, &format!("/v1/predictions/{stuck}/cancel"), None).await.is(200);
    api.until(&next, "succeeded").await;
}

#[tokio::test]
async fn a_queued_prediction_can_be_canceled() {
    let api = Api::with(SandboxOptions { max_instances: 1, ..options() }).await;
    let version = api.model(always(ScriptedReply::never_ends()));
    let running = api.predict(&version, json!({"prompt": "a"})).await;
    api.until(&running, "processing").await;
    let queued = api.predict(&version, json!({"prompt": "b"})).await;
    let cancelled = api.send(Method::POST, &format!("/v1/predictions/{queued}/cancel"), None).await.is(200);
    assert_eq!((&cancelled["status"], &cancelled["started_at"]), (&json!("canceled"), &Value::Null));
    api.until(&running, "processing").await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_later_the_data_is_gone() {
    let api = Api::start().await;
    let file = "data:image/png;base64,AQI=";
    let version = api.model(always(ScriptedReply::output(file).logs("running\n")));
    let job = api.run(&version, json!({"prompt": "a"})).await;
    let url = job["output"].as_str().unwrap();
    api.get(url).await.is(200);
    tokio::time::sleep(3601 * SECOND).await;
    let later = api.get(&format!("/v1/predictions/{}", job["id"].as_str().unwrap())).await.is(200);
    let seen = ["data_removed", "input", "output", "logs", "status"].map(|name| later[name].clone());
    assert_eq!(seen, [json!(true), json!({}), Value::Null, json!(""), json!("succeeded")]);
    api.get(url).await.is(404);
}

#[tokio::test]
async fn without_docker_only_scripted_versions_answer() {
    let api = Api::start().await;
    api.sandbox.create_model("pushed", replicate_sandbox::Visibility::Private, "cpu").unwrap();
    let version = crate::registry::push(&api, "acme/pushed", json!({"run.cog.version": "0.22.0"})).await;
    let id = api.predict(&version, json!({})).await;
    let job = api.until(&id, "failed").await;
    assert_eq!(job["error"], "this sandbox runs without Docker: only scripted versions answer");
    assert!(!api.sandbox.predictions()[0].is_scripted);
}
