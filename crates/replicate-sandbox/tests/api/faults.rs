//! Injected faults.

use std::time::Duration;

use replicate_sandbox::{Fault, FaultEffect};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::client::{Api, echo};

#[tokio::test]
async fn injected_rejections_look_real_and_run_out() {
    let wait = Duration::from_millis(4200);
    let low = "Request was throttled. Your rate limit for creating predictions is reduced to 6 requests per minute with a burst of 1 \
               requests while you have less than $5.0 in credit. Your rate limit resets in ~5s.";
    let cases = [
        (FaultEffect::Throttle { retry_after: wait }, 429, "Request was throttled. Your rate limit resets in ~5s."),
        (FaultEffect::LowCredit { retry_after: wait }, 429, low),
        (
            FaultEffect::InsufficientCredit,
            402,
            "You have insufficient credit to run this model. Go to https://replicate.com/account",
        ),
    ];
    for (effect, status, detail) in cases {
        let api = Api::start().await;
        let version = api.model(echo());
        api.sandbox.inject(Fault::next(2, effect).exactly(Method::POST, "/v1/predictions"));
        let body = json!({"version": version, "input": {"prompt": "a"}});
        for _ in 0..2 {
            let refused = api.post("/v1/predictions", body.clone()).await;
            let problem = refused.problem();
            assert!(problem.0 == status && problem.2.starts_with(detail), "{problem:?}");
            if status == 429 {
                assert_eq!((&refused.json()["retry_after"], refused.header("retry-after")), (&json!(5), "5"));
            }
        }
        assert!(api.sandbox.predictions().is_empty());
        api.post("/v1/predictions", body).await.is(201);
    }
}

#[tokio::test]
async fn other_statuses_come_with_a_page_of_text() {
    let api = Api::start().await;
    api.sandbox.inject(Fault::next(1, FaultEffect::Status(StatusCode::BAD_GATEWAY)));
    let refused = api.get("/v1/account").await;
    assert_eq!((refused.status.as_u16(), refused.text.as_str()), (502, "<html><body>502 Bad Gateway</body></html>"));
    api.get("/v1/account").await.is(200);
}

#[tokio::test]
async fn a_request_dropped_before_handling_has_no_effect() {
    let api = Api::start().await;
    let version = api.model(echo());
    api.sandbox.inject(Fault::next(1, FaultEffect::DropBefore).on(Method::POST, "/v1/pred"));
    let body = json!({"version": version, "input": {"prompt": "a"}});
    let lost = api.try_send(Method::POST, "/v1/predictions", &[], Some(body)).await.unwrap_err();
    assert!(lost.is_request(), "{lost:?}");
    assert!(api.sandbox.predictions().is_empty());
    let log = api.sandbox.requests();
    assert_eq!((log.len(), log[0].status, log[0].answered), (1, None, false));
}

#[tokio::test]
async fn a_lost_response_leaves_what_was_created() {
    let api = Api::start().await;
    let version = api.model(echo());
    api.sandbox.inject(Fault::next(1, FaultEffect::DropAfter).on(Method::POST, "/v1/predictions"));
    let body = json!({"version": version, "input": {"prompt": "a"}});
    api.try_send(Method::POST, "/v1/predictions", &[], Some(body)).await.unwrap_err();
    assert_eq!(api.sandbox.predictions().len(), 1);
    let log = api.sandbox.requests();
    assert_eq!((log.len(), log[0].status, log[0].answered), (1, Some(StatusCode::CREATED), false));
    let found = api.get("/v1/predictions").await.is(200);
    assert_eq!(found["results"][0]["input"], json!({"prompt": "a"}));
}

#[tokio::test(start_paused = true)]
async fn a_delay_precedes_the_handling() {
    let api = Api::start().await;
    api.sandbox.inject(Fault::next(1, FaultEffect::Delay(Duration::from_secs(7))));
    let started = tokio::time::Instant::now();
    api.get("/v1/account").await.is(200);
    assert_eq!(started.elapsed().as_secs(), 7);
    api.get("/v1/account").await.is(200);
    assert_eq!(started.elapsed().as_secs(), 7);
}

#[tokio::test]
async fn faults_affect_only_the_requests_they_name() {
    let api = Api::start().await;
    let teapot = || FaultEffect::Status(StatusCode::IM_A_TEAPOT);
    api.sandbox.inject(Fault::next(9, teapot()).on(Method::GET, "/v1/models/acme"));
    api.sandbox.inject(Fault::next(1, teapot()).exactly(Method::GET, "/v1/account"));
    let expected =
        [("/v1/models", 200), ("/v1/models/acme/m", 418), ("/v1/models/eve/m", 404), ("/v1/account", 418), ("/v1/account", 200)];
    for (path, status) in expected {
        assert_eq!(api.get(path).await.status.as_u16(), status, "{path}");
    }
    api.sandbox.clear_faults();
    api.get("/v1/models/acme/m").await.is(404);
}

#[tokio::test]
async fn a_share_of_requests_fails_the_same_way_with_the_same_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let api = Api::start().await;
        api.sandbox.inject(Fault::ratio(0.5, 7, FaultEffect::Status(StatusCode::SERVICE_UNAVAILABLE)));
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(api.get("/v1/account").await.status.as_u16());
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&200) && runs[0].contains(&503), "{runs:?}");
}
