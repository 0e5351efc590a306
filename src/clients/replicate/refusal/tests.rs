//! The captured bodies of `docs/reference/replicate-api.md#error-bodies`, and what they mean.

use std::error::Error;

use super::*;
use crate::clients::ErrorKind;
use crate::clients::replicate::ReplicateError;
use crate::clients::replicate::error::KEPT_BODY_BYTES;
use crate::clients::replicate::limits::{TimeLimit, TimedOut};
use crate::clients::replicate::wire::tests::prediction;
use crate::domain::prediction::PredictionId;
use crate::support::clock::{Clock, SystemClock};

fn read(status: u16, body: &str) -> ReplicateFailure {
    read_with(status, &[], body)
}

fn read_with(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> ReplicateFailure {
    let headers = headers.iter().map(|(name, value)| ((*name).parse().unwrap(), (*value).parse().unwrap())).collect();
    failure_of(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes(), "r8_token", SystemClock.now())
}

#[test]
fn an_unknown_token_is_unauthorized() {
    let body = r#"{"title":"Unauthenticated","detail":"You did not pass a valid authentication token","status":401}"#;
    let failure = read(401, body);
    assert!(matches!(&failure, ReplicateFailure::Unauthorized { looks_like_cli_token: false, .. }), "{failure:?}");
    assert_eq!(failure.to_string(), "the API token was rejected: You did not pass a valid authentication token");
    assert_eq!(failure.kind(), ErrorKind::Request);
}

#[test]
fn a_cli_token_used_as_api_token_is_recognized() {
    let token = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let failure = failure_of(StatusCode::UNAUTHORIZED, &HeaderMap::new(), b"", token, SystemClock.now());
    assert!(failure.hint().unwrap().contains("swapped"), "{failure:?}");
    assert!(!failure.to_string().contains(token));
}

#[test]
fn no_credit_is_billing() {
    let body = r#"{"title":"Insufficient credit","detail":"You have insufficient credit to run this model.","status":402}"#;
    assert_eq!(read(402, body).kind(), ErrorKind::Billing);
}

#[test]
fn a_spend_limit_is_billing_with_any_status() {
    let body = r#"{"detail":"You have reached your monthly spend limit."}"#;
    for status in [400, 403, 429] {
        assert_eq!(read(status, body).kind(), ErrorKind::Billing, "{status}");
    }
    // A message about rejected inputs may quote user text.
    assert_eq!(read(422, body).kind(), ErrorKind::Request);
}

#[test]
fn forbidden_is_distinguished_from_not_found() {
    assert!(matches!(read(403, ""), ReplicateFailure::Forbidden { detail } if detail == "Forbidden"));
    let body = r#"{"detail":"The requested resource could not be found.","status":404}"#;
    assert!(
        matches!(read(404, body), ReplicateFailure::NotFound { detail } if detail == "The requested resource could not be found.")
    );
}

#[test]
fn a_conflict_names_what_exists() {
    let body = r#"{"status":409,"errors":[{"detail":"A model with that name and owner already exists."}]}"#;
    let failure = read(409, body);
    assert_eq!(failure.to_string(), "it already exists: A model with that name and owner already exists.");
}

#[test]
fn bad_hardware_names_its_field() {
    let body = r#"{"status":400,"title":"Validation failed","detail":"The following errors occurred:\n- hardware: x is not valid",
        "errors":[{"pointer":"/hardware","detail":"x is not a valid hardware SKU."}]}"#;
    let ReplicateFailure::InvalidInput { fields, .. } = read(400, body) else { panic!("not invalid input") };
    let description = "x is not a valid hardware SKU.".to_owned();
    assert_eq!(fields, [InvalidField { field: "hardware".to_owned(), rule: None, description }]);
}

#[test]
fn rejected_inputs_are_listed_one_by_one() {
    let body = r#"{"title":"Input validation failed","status":422,
        "detail":"- input: prompt is required\n- input.steps: Must be less than or equal to 4\n",
        "invalid_fields":[{"type":"required","field":"input","description":"prompt is required"},
        {"type":"number_lte","field":"input.steps","description":"Must be less than or equal to 4"}]}"#;
    let failure = read(422, body);
    assert_eq!(failure.kind(), ErrorKind::Request);
    let ReplicateFailure::InvalidInput { fields, detail } = failure else { panic!("not invalid input") };
    assert_eq!(fields.iter().map(|field| field.rule.as_deref().unwrap()).collect::<Vec<_>>(), ["required", "number_lte"]);
    assert_eq!(fields[1].field, "input.steps");
    assert!(detail.starts_with("- input: prompt is required"));
}

#[test]
fn someone_elses_version_is_not_permitted() {
    let body = r#"{"title":"Invalid version or not permitted","status":422,
        "detail":"The specified version does not exist (or perhaps you don't have permission to use it?)"}"#;
    assert!(matches!(read(422, body), ReplicateFailure::VersionNotPermitted { .. }));
}

#[test]
fn a_disabled_version_is_the_models_failure() {
    let body = r#"{"title":"Version disabled","status":422,
        "detail":"This version has been disabled because it consistently fails to complete setup."}"#;
    let failure = read(422, body);
    assert!(matches!(failure, ReplicateFailure::VersionDisabled { .. }));
    assert_eq!(failure.kind(), ErrorKind::Model);
}

#[test]
fn low_credit_is_distinguished_from_a_rate_limit() {
    let busy = read(429, r#"{"detail":"Request was throttled. Your rate limit resets in ~30s."}"#);
    assert!(
        matches!(busy, ReplicateFailure::RateLimited { low_credit: false, retry_after: Some(wait), .. } if wait.as_secs() == 30)
    );
    let poor = read(
        429,
        concat!(
            r#"{"detail":"Request was throttled. Your rate limit for creating predictions is reduced to 6 requests per minute "#,
            r#"with a burst of 1 requests while you have less than $5.0 in credit. Your rate limit resets in ~5s.","#,
            r#""status":429,"retry_after":5}"#
        ),
    );
    assert!(matches!(poor, ReplicateFailure::RateLimited { low_credit: true, retry_after: Some(wait), .. } if wait.as_secs() == 5));
}

#[test]
fn a_server_errors_wait_comes_only_from_retry_after() {
    let headers = [("retry-after", "2"), ("ratelimit-reset", "60")];
    assert!(
        matches!(read_with(503, &headers, ""), ReplicateFailure::Server { retry_after: Some(wait), .. } if wait.as_secs() == 2)
    );
    assert!(matches!(read_with(503, &headers[1..], ""), ReplicateFailure::Server { retry_after: None, status: 503, .. }));
}

#[test]
fn html_empty_and_odd_bodies_still_have_a_meaning() {
    let bodies = ["", "<html>Bad Gateway</html>", "[]", "null", r#"{"detail":{"a":1},"errors":"x","invalid_fields":null}"#];
    for body in bodies {
        assert_eq!(read(502, body).to_string(), "Replicate responded with status 502: Bad Gateway", "{body}");
    }
    assert!(matches!(read(418, ""), ReplicateFailure::Rejected { status: 418, .. }));
    assert!(matches!(read(408, ""), ReplicateFailure::Server { status: 408, .. }));
}

#[test]
fn a_redirect_names_its_target() {
    let failure = read_with(301, &[("location", "https://elsewhere.example/v1")], "");
    assert_eq!(failure.to_string(), "the request was rejected with status 301: redirected to https://elsewhere.example/v1");
    assert!(failure.hint().unwrap().contains("REPLICATE_BASE_URL"));
}

#[test]
fn the_chain_says_each_thing_once() {
    let error = ReplicateError::new("create a prediction on acme/x", read(402, r#"{"detail":"no credit"}"#)).with_body("raw");
    assert_eq!(error.to_string(), "failed to create a prediction on acme/x");
    assert_eq!(error.source().unwrap().to_string(), "the account cannot pay for this: no credit");
    assert_eq!(error.body(), Some("raw"));
}

#[test]
fn kept_bodies_and_details_are_bounded() {
    let long = "é".repeat(100_000);
    let error = ReplicateError::new("x", read(500, &serde_json::json!({ "detail": long }).to_string())).with_body(&long);
    assert!(error.body().unwrap().len() <= KEPT_BODY_BYTES);
    assert!(error.failure().to_string().len() <= DETAIL_BYTES + 100);
}

#[test]
fn a_timeout_names_limit_prediction_and_page() {
    let timed_out = |stopped| TimedOut {
        limit: TimeLimit::StartUp,
        allowed: Duration::from_secs(900),
        prediction: prediction("starting"),
        stopped,
    };
    let failure = ReplicateFailure::TimedOut(Box::new(timed_out(true)));
    assert_eq!(
        failure.to_string(),
        "abcdefghijklmnopqrstuvwxyz (https://replicate.com/p/abcdefghijklmnopqrstuvwxyz) never started within the start-up limit of \
         15 min 0 s; it was canceled"
    );
    assert_eq!(failure.kind(), ErrorKind::Model);
    let unsure = ReplicateFailure::TimedOut(Box::new(timed_out(false)));
    assert!(unsure.to_string().ends_with("its cancellation was not confirmed"));
}

#[test]
fn a_confirmed_cancellation_has_no_hint() {
    let clean = ReplicateFailure::Cancelled { still_running: None };
    assert_eq!((clean.to_string().as_str(), clean.hint(), clean.kind()), ("canceled", None, ErrorKind::Cancelled));
    let dirty = ReplicateFailure::Cancelled { still_running: Some(PredictionId::new("p1")) };
    assert_eq!(dirty.to_string(), "canceled, but p1 could not be stopped and may still run");
    assert!(dirty.hint().is_some());
}
