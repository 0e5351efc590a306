//! Objects of `docs/reference/replicate-api.md`, as documented and as captured.

use std::time::Duration;

use serde_json::json;

use super::*;

pub(in crate::clients::replicate) const VERSION: &str = "39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b";

/// A prediction as `GET /predictions/{id}` returns it.
pub(in crate::clients::replicate) fn prediction_json(status: &str) -> Value {
    json!({
        "id": "abcdefghijklmnopqrstuvwxyz", "model": "acme/hotdog-test", "version": VERSION, "status": status, "source": "api",
        "input": {"prompt": "x"}, "output": null, "error": null, "logs": "", "data_removed": false,
        "created_at": "2026-01-02T03:04:05.123456789Z", "metrics": {},
        "urls": {
            "get": "https://api.replicate.com/v1/predictions/abcdefghijklmnopqrstuvwxyz",
            "cancel": "https://api.replicate.com/v1/predictions/abcdefghijklmnopqrstuvwxyz/cancel",
            "web": "https://replicate.com/p/abcdefghijklmnopqrstuvwxyz",
        },
    })
}

/// A prediction with this status, parsed.
pub(in crate::clients::replicate) fn prediction(status: &str) -> Prediction {
    read(prediction_json(status))
}

fn read(value: Value) -> Prediction {
    serde_json::from_value::<RawJob>(value).unwrap().into()
}

#[test]
fn every_field_of_a_failed_prediction_is_read() {
    let mut value = prediction_json("failed");
    value["error"] = json!("boom");
    value["logs"] = json!("Traceback ...");
    value["started_at"] = json!("2026-01-02T03:04:09Z");
    value["completed_at"] = json!("2026-01-02T03:04:10Z");
    value["metrics"] = json!({"predict_time": 0.8, "total_time": 5.1});
    let prediction = read(value);
    assert_eq!(prediction.status, PredictionStatus::Failed);
    assert_eq!(prediction.error.as_deref(), Some("boom"));
    assert_eq!(prediction.logs, "Traceback ...");
    assert_eq!(prediction.predict_time, Some(Duration::from_millis(800)));
    assert_eq!(prediction.metrics, *json!({"total_time": 5.1}).as_object().unwrap());
    assert_eq!(prediction.created_at.unwrap().timestamp_subsec_nanos(), 123_456_789);
    assert_eq!((prediction.completed_at.unwrap() - prediction.started_at.unwrap()).num_seconds(), 1);
    assert_eq!(prediction.web_url.as_deref(), Some("https://replicate.com/p/abcdefghijklmnopqrstuvwxyz"));
}

#[test]
fn all_statuses_are_read_and_unknown_ones_are_kept() {
    let ends = [
        ("starting", false),
        ("processing", false),
        ("succeeded", true),
        ("failed", true),
        ("canceled", true),
        ("aborted", true),
        ("paused", false),
    ];
    for (word, is_end) in ends {
        let status = prediction(word).status;
        assert_eq!((status.as_str(), status.is_terminal()), (word, is_end));
    }
    assert_eq!(prediction("paused").status, PredictionStatus::Unknown("paused".to_owned()));
}

#[test]
fn nulls_missing_members_and_wrong_types_are_tolerated() {
    let bare = read(json!({"id": "a", "status": "canceled"}));
    assert_eq!((bare.logs.as_str(), bare.output, bare.web_url), ("", None, None));
    let odd = read(json!({
        "id": "a", "status": "failed", "version": "hidden", "input": null, "output": null, "error": {"code": 7}, "logs": null,
        "metrics": null, "created_at": "", "started_at": null, "completed_at": 5, "urls": null, "deployment": null, "surprise": [],
    }));
    assert_eq!(odd.error.as_deref(), Some(r#"{"code":7}"#));
    assert_eq!(odd.version.as_deref(), Some("hidden"));
    assert_eq!((odd.created_at, odd.completed_at), (None, None));
}

#[test]
fn an_impossible_run_time_is_ignored() {
    for time in [json!(-1.0), json!("fast"), json!(1e300)] {
        let mut value = prediction_json("succeeded");
        value["metrics"] = json!({"predict_time": time});
        assert_eq!(read(value).predict_time, None);
    }
}

#[test]
fn a_prediction_without_id_or_status_is_rejected() {
    assert!(serde_json::from_value::<RawJob>(json!({"id": "a"})).is_err());
    assert!(serde_json::from_value::<RawJob>(json!({"status": "starting"})).is_err());
}

#[test]
fn a_new_model_has_no_version() {
    let raw: RawModel = serde_json::from_value(json!({
        "url": "https://replicate.com/acme/hotdog", "owner": "acme", "name": "hotdog", "description": null,
        "visibility": "private", "github_url": null, "run_count": 0, "default_example": null, "latest_version": null,
    }))
    .unwrap();
    let model = Model::try_from(raw).unwrap();
    assert_eq!((model.latest_version, model.is_official, model.visibility), (None, false, Visibility::Private));
}

#[test]
fn versions_may_lack_a_schema_and_ids_may_have_another_format() {
    let read = |value: Value| serde_json::from_value::<RawVersion>(value).unwrap().into_version();
    let version = read(json!({"id": VERSION, "created_at": "2026-01-02T03:04:05Z", "cog_version": null, "openapi_schema": null}));
    let version = version.unwrap();
    assert_eq!((version.cog_version, version.openapi_schema), (None, None));
    assert_eq!(read(json!({"id": "dp-4a5b6c"})), None);
}

#[test]
fn a_deployment_may_lack_everything_but_its_name() {
    let read = |value: Value| Deployment::from(serde_json::from_value::<RawDeployment>(value).unwrap());
    let bare = read(json!({"owner": "acme", "name": "d", "current_release": null}));
    assert_eq!((bare.release, bare.version, bare.hardware), (None, None, None));
    let whole = read(json!({
        "owner": "acme", "name": "d",
        "current_release": {
            "number": 3, "model": "acme/hotdog", "version": VERSION, "created_by": {"type": "user", "username": "a"},
            "configuration": {"hardware": "cpu", "min_instances": 1, "max_instances": 20},
        },
    }));
    assert_eq!(whole.version.unwrap().to_string(), format!("acme/hotdog:{VERSION}"));
    assert_eq!((whole.release, whole.min_instances, whole.max_instances), (Some(3), Some(1), Some(20)));
}

#[test]
fn accounts_of_both_kinds_are_read() {
    let read = |kind: &str| Account::from(serde_json::from_value::<RawAccount>(json!({"type": kind, "username": "acme"})).unwrap());
    assert_eq!(read("user").kind, AccountKind::User);
    assert_eq!(read("organization").kind, AccountKind::Organization);
    assert_eq!(read("robot").kind, AccountKind::Other("robot".to_owned()));
}
