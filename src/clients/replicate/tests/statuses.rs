//! What is repeated after which status, and what is not.

use std::error::Error;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use wiremock::matchers::{any, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{TOKEN, client, client_of};
use crate::clients::ErrorKind;
use crate::clients::replicate::wire::tests::{VERSION, prediction_json};
use crate::clients::replicate::{
    Accounts, PredictionRequest, PredictionTarget, Predictions, RealReplicate, Replicate, ReplicateError, ReplicateFailure,
    ReplicateOptions,
};
use crate::domain::prediction::Prediction;
use crate::support::SecretString;
use crate::support::clock::SystemClock;

async fn create(client: &RealReplicate) -> Result<Prediction, ReplicateError> {
    let target = PredictionTarget::Version(format!("acme/hotdog-test:{VERSION}").parse().unwrap());
    let inputs = json!({"prompt": "x", "seed": null}).as_object().unwrap().clone();
    client.create_prediction(&PredictionRequest::new(target, inputs), &CancellationToken::new()).await
}

/// Responds to the first calls with one status and to later ones with success.
async fn stumble(server: &MockServer, at: &str, times: u64, first: ResponseTemplate, then: Value) {
    Mock::given(path(at)).respond_with(first).up_to_n_times(times).mount(server).await;
    Mock::given(path(at)).respond_with(ResponseTemplate::new(201).set_body_json(then)).mount(server).await;
}

fn account() -> Value {
    json!({"type": "organization", "username": "acme"})
}

#[tokio::test]
async fn a_read_is_repeated_after_429_408_and_5xx() {
    for status in [408, 429, 500, 502, 503, 504] {
        let server = MockServer::start().await;
        stumble(&server, "/v1/account", 3, ResponseTemplate::new(status), account()).await;
        let client = client(&server);
        assert_eq!(client.account().await.unwrap().username, "acme", "{status}");
        assert_eq!(client.requests_sent(), 4);
    }
}

#[tokio::test]
async fn a_read_fails_after_five_retries() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(500).set_body_string("oops")).expect(6).mount(&server).await;
    let error = client(&server).account().await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::Server { status: 500, .. }));
    assert_eq!((error.kind(), error.body()), (ErrorKind::Service, Some("oops")));
}

#[tokio::test]
async fn nothing_is_repeated_after_a_rejection() {
    for status in [400, 401, 402, 403, 404, 409, 410, 418, 422] {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(status)).mount(&server).await;
        let client = client(&server);
        assert!(client.account().await.is_err());
        assert!(create(&client).await.is_err());
        assert_eq!(client.requests_sent(), 2, "{status}");
    }
}

#[tokio::test]
async fn an_unreachable_service_is_a_transport_failure() {
    // Nothing listens on port 1.
    let client = client_of("http://127.0.0.1:1");
    let error = create(&client).await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::Transport { may_have_arrived: false, .. }), "{error:?}");
    assert_eq!(client.requests_sent(), 6, "no connection stood, so it was safe to repeat without looking");
}

#[tokio::test]
async fn the_requested_wait_is_respected() {
    let server = MockServer::start().await;
    // The client's longest wait is 50 ms; its own first wait would be 2 ms.
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "30");
    stumble(&server, "/v1/account", 1, busy, account()).await;
    let start = Instant::now();
    client(&server).account().await.unwrap();
    assert!((50..2_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_throttled_creation_is_repeated_without_a_search() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(429).set_body_json(json!({"detail": "Request was throttled.", "retry_after": 1}));
    stumble(&server, "/v1/predictions", 2, busy, prediction_json("starting")).await;
    let client = client(&server);
    create(&client).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert!(requests.iter().all(|request| request.method == "POST"), "{requests:?}");
    assert_eq!((requests.len(), client.is_throttled()), (3, false));
}

#[tokio::test]
async fn low_credit_is_reported_to_the_caller() {
    let server = MockServer::start().await;
    let detail = "Your rate limit for creating predictions is reduced to 6 requests per minute with a burst of 1 requests while you \
                  have less than $5.0 in credit. Your rate limit resets in ~5s.";
    let poor = ResponseTemplate::new(429).set_body_json(json!({"detail": detail, "status": 429, "retry_after": 5}));
    stumble(&server, "/v1/predictions", 1, poor, prediction_json("starting")).await;
    let client = client(&server);
    create(&client).await.unwrap();
    assert!(client.is_throttled());
}

#[tokio::test]
async fn with_low_credit_creations_go_one_by_one_and_all_succeed() {
    use std::sync::Mutex;
    let server = MockServer::start().await;
    // One creation every 25 ms; anything faster is rejected.
    let next = Mutex::new((Instant::now(), 0));
    let limiter = move |request: &wiremock::Request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let mut next = next.lock().unwrap();
        if Instant::now() < next.0 {
            return ResponseTemplate::new(429).set_body_json(json!({"detail": "burst of 1 requests", "retry_after": 0.025}));
        }
        *next = (Instant::now() + Duration::from_millis(25), next.1 + 1);
        let mut prediction = prediction_json("starting");
        prediction["id"] = json!(format!("p{}", next.1));
        prediction["input"] = body["input"].clone();
        ResponseTemplate::new(201).set_body_json(prediction)
    };
    Mock::given(method("POST")).respond_with(limiter).mount(&server).await;
    let client = client(&server);
    let outcomes = futures::future::join_all((0..20).map(|_| create(&client))).await;
    let ids: std::collections::BTreeSet<_> = outcomes.into_iter().map(|outcome| outcome.unwrap().id).collect();
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn a_response_that_is_not_json_is_an_error_that_keeps_the_body() {
    let server = MockServer::start().await;
    for (at, body, reason) in [("/v1/account", "<html>Welcome</html>", "it is HTML, not JSON"), ("/v1/hardware", "", "it is empty")]
    {
        Mock::given(path(at)).respond_with(ResponseTemplate::new(200).set_body_string(body)).expect(1).mount(&server).await;
        let client = client(&server);
        let error = match at {
            "/v1/account" => client.account().await.map(|_| ()),
            _ => client.hardware().await.map(|_| ()),
        }
        .unwrap_err();
        assert!(matches!(error.failure(), ReplicateFailure::UnexpectedBody { reason: said } if said == reason), "{error:?}");
        assert_eq!(error.body().unwrap_or_default(), body);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    let elsewhere = ResponseTemplate::new(308).insert_header("location", other.uri().as_str());
    Mock::given(any()).respond_with(elsewhere).mount(&server).await;
    let error = client(&server).account().await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::Rejected { status: 308, .. }), "{error:?}");
    assert!(other.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn requests_carry_token_and_user_agent_and_debug_output_hides_the_token() {
    let server = MockServer::start().await;
    let echo = format!("token {TOKEN} is unknown");
    Mock::given(header("authorization", format!("Bearer {TOKEN}").as_str()))
        .and(header("user-agent", concat!("safe-push/", env!("CARGO_PKG_VERSION"))))
        .respond_with(ResponseTemplate::new(401).set_body_json(json!({ "detail": echo })))
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&server);
    let error = client.account().await.unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "the API token was rejected: token *** is unknown");
    assert!(!format!("{client:?} {error:?}").contains(TOKEN));
}

#[test]
fn a_token_is_trimmed_and_an_invalid_one_is_rejected_without_showing_it() {
    let make = |token: &str| {
        let options = ReplicateOptions::new("http://127.0.0.1:1".parse().unwrap(), SecretString::from(token));
        RealReplicate::new(options, std::sync::Arc::new(SystemClock))
    };
    assert!(make(" r8_x\n").is_ok());
    let error = make("r8_x\ny").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(!format!("{error:?}").contains("r8_x"));
}

#[tokio::test]
async fn inputs_are_sent_without_nulls_and_with_the_full_version_name() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(201).set_body_json(prediction_json("starting"));
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let client = client(&server);
    create(&client).await.unwrap();
    let request = &server.received_requests().await.unwrap()[0];
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body, json!({"version": format!("acme/hotdog-test:{VERSION}"), "input": {"prompt": "x"}}));
    assert!(!request.headers.contains_key("prefer"), "synchronous answers are a trap");
    assert!(!request.headers.contains_key("cancel-after"));
}

#[tokio::test]
async fn official_models_and_deployments_have_their_own_endpoints() {
    let server = MockServer::start().await;
    let client = client(&server);
    let deployment = PredictionTarget::Deployment { owner: "acme".to_owned(), name: "d".to_owned() };
    let targets = [
        (PredictionTarget::Model("acme/x".parse().unwrap()), "/v1/models/acme/x/predictions"),
        (deployment, "/v1/deployments/acme/d/predictions"),
    ];
    for (number, (target, at)) in targets.into_iter().enumerate() {
        let mut answer = prediction_json("starting");
        answer["id"] = json!(format!("p{number}"));
        Mock::given(path(at))
            .and(header("cancel-after", "7s"))
            .and(wiremock::matchers::body_json(json!({"input": {}})))
            .respond_with(ResponseTemplate::new(201).set_body_json(answer))
            .expect(1)
            .mount(&server)
            .await;
        let request =
            PredictionRequest { lifetime: Some(Duration::from_secs(7)), ..PredictionRequest::new(target, serde_json::Map::new()) };
        client.create_prediction(&request, &CancellationToken::new()).await.unwrap();
    }
}

#[tokio::test]
async fn a_canceled_creation_sends_nothing() {
    let client = client_of("http://127.0.0.1:1");
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let target = PredictionTarget::Model("acme/x".parse().unwrap());
    let request = PredictionRequest::new(target, serde_json::Map::new());
    let error = client.create_prediction(&request, &cancelled).await.unwrap_err();
    assert_eq!((error.kind(), client.requests_sent()), (ErrorKind::Cancelled, 0));
}
