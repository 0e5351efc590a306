//! Creations whose responses are lost: every one is found, and none runs twice.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use futures::future::join_all;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::client_of;
use crate::clients::ErrorKind;
use crate::clients::replicate::wire::tests::VERSION;
use crate::clients::replicate::{
    PredictionRequest, PredictionTarget, Predictions, RealReplicate, Replicate, ReplicateError, ReplicateFailure, TrainingRequest,
    Trainings,
};
use crate::domain::prediction::Prediction;
use crate::support::clock::{Clock, SystemClock};
use crate::support::seed::Seed;

/// What the service does with a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Creates it and confirms.
    None,
    /// Does not create it, responds 500.
    Refused,
    /// Creates it, responds 500.
    Done500,
    /// Responds 504, and creates it only after someone searched for it.
    DoneLater,
    /// Creates it, and breaks the connection in the middle of the response.
    DoneBrokenOff,
    /// Creates it, responds with a proxy's page.
    DoneHtml,
    /// Does not create it: 429.
    Throttled,
}

/// A service that stores what was created, and has faults.
struct Service {
    created: Mutex<Vec<Value>>,
    /// Model, version and input of what is not created yet.
    pending: Mutex<Vec<(String, String, Value)>>,
    /// The next faults; the last one repeats.
    faults: Mutex<Vec<Fault>>,
    /// Random faults instead of `faults`.
    lots: Option<Mutex<ChaCha8Rng>>,
    /// Searching fails too.
    is_blind: bool,
    page_size: usize,
}

impl Service {
    fn new(faults: &[Fault]) -> Self {
        Self {
            created: Mutex::default(),
            pending: Mutex::default(),
            faults: Mutex::new(faults.iter().rev().copied().collect()),
            lots: None,
            is_blind: false,
            page_size: 100,
        }
    }

    fn next_fault(&self) -> (Fault, Duration) {
        if let Some(lots) = &self.lots {
            let mut lots = lots.lock().unwrap();
            let fault = match lots.random_range(0..10) {
                0 => Fault::Refused,
                1 => Fault::Done500,
                2 => Fault::DoneLater,
                3 => Fault::DoneBrokenOff,
                4 => Fault::DoneHtml,
                5 => Fault::Throttled,
                _ => Fault::None,
            };
            return (fault, Duration::from_millis(lots.random_range(0..15)));
        }
        let mut faults = self.faults.lock().unwrap();
        let fault = if faults.len() > 1 { faults.pop() } else { faults.last().copied() };
        (fault.unwrap_or(Fault::None), Duration::ZERO)
    }

    fn execute(&self, model: &str, version: &str, input: &Value) -> Value {
        let mut created = self.created.lock().unwrap();
        let prediction = json!({
            "id": format!("p{}", created.len()), "status": "starting", "model": model, "version": version, "input": input,
            "created_at": SystemClock.now().to_rfc3339(), "logs": null,
        });
        created.push(prediction.clone());
        prediction
    }

    fn ids(&self) -> BTreeSet<String> {
        self.created.lock().unwrap().iter().map(|prediction| prediction["id"].as_str().unwrap().to_owned()).collect()
    }

    async fn start(self) -> (Arc<Self>, String) {
        let service = Arc::new(self);
        let list = get(list).post(create_prediction);
        let routes = Router::new()
            .route("/v1/predictions", list)
            .route("/v1/trainings", get(self::list))
            .route("/v1/models/acme/x/versions/{id}/trainings", post(create_training))
            .with_state(service.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (service, url)
    }
}

async fn create_prediction(State(service): State<Arc<Service>>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let (model, version) = body["version"].as_str().unwrap().split_once(':').unwrap();
    answer(service, model.to_owned(), version.to_owned(), body["input"].clone()).await
}

async fn create_training(State(service): State<Arc<Service>>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap();
    answer(service, "acme/x".to_owned(), VERSION.to_owned(), body["input"].clone()).await
}

async fn answer(service: Arc<Service>, model: String, version: String, input: Value) -> Response {
    let (fault, delay) = service.next_fault();
    sleep(delay).await;
    let done = |service: &Service| service.execute(&model, &version, &input);
    match fault {
        Fault::None => {
            let done = done(&service);
            // Other callers search while this response is on its way.
            sleep(delay * 4).await;
            (StatusCode::CREATED, axum::Json(done)).into_response()
        }
        Fault::Refused => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Fault::Done500 => {
            done(&service);
            StatusCode::BAD_GATEWAY.into_response()
        }
        Fault::DoneLater => {
            service.pending.lock().unwrap().push((model, version, input));
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
        Fault::DoneBrokenOff => {
            done(&service);
            let pieces = [Ok(Bytes::from_static(b"{\"id\":")), Err(std::io::Error::other("gone"))];
            (StatusCode::CREATED, Body::from_stream(futures::stream::iter(pieces))).into_response()
        }
        Fault::DoneHtml => {
            done(&service);
            (StatusCode::OK, "<html>Please sign in</html>").into_response()
        }
        Fault::Throttled => (StatusCode::TOO_MANY_REQUESTS, r#"{"retry_after": 0.01}"#).into_response(),
    }
}

#[derive(serde::Deserialize)]
struct Filter {
    created_after: Option<DateTime<Utc>>,
    cursor: Option<usize>,
}

async fn list(State(service): State<Arc<Service>>, Query(filter): Query<Filter>) -> Response {
    if service.is_blind {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let created = service.created.lock().unwrap().clone();
    for (model, version, input) in service.pending.lock().unwrap().drain(..) {
        service.execute(&model, &version, &input);
    }
    let is_wanted = |prediction: &&Value| {
        let created_at: DateTime<Utc> = prediction["created_at"].as_str().unwrap().parse().unwrap();
        filter.created_after.is_none_or(|after| created_at > after)
    };
    let newest_first: Vec<Value> = created.iter().rev().filter(is_wanted).cloned().collect();
    let from = filter.cursor.unwrap_or(0);
    let page: Vec<Value> = newest_first.iter().skip(from).take(service.page_size).cloned().collect();
    let end = from + page.len();
    let after = filter.created_after.map(|after| format!("&created_after={}", after.format("%Y-%m-%dT%H:%M:%S%.3fZ")));
    let next = (end < newest_first.len()).then(|| format!("/v1/predictions?cursor={end}{}", after.unwrap_or_default()));
    axum::Json(json!({"next": next, "previous": null, "results": page})).into_response()
}

fn request(inputs: &Value) -> PredictionRequest {
    let target = PredictionTarget::Version(format!("acme/x:{VERSION}").parse().unwrap());
    PredictionRequest::new(target, inputs.as_object().unwrap().clone())
}

fn training() -> TrainingRequest {
    TrainingRequest {
        version: format!("acme/x:{VERSION}").parse().unwrap(),
        destination: "acme/dest".parse().unwrap(),
        inputs: Map::from_iter([("n".to_owned(), json!(1)), ("no".to_owned(), Value::Null)]),
    }
}

async fn create(client: &RealReplicate, inputs: Value) -> Result<Prediction, ReplicateError> {
    client.create_prediction(&request(&inputs), &CancellationToken::new()).await
}

fn id(outcome: Result<Prediction, ReplicateError>) -> String {
    outcome.unwrap().id.to_string()
}

#[tokio::test]
async fn a_creation_with_a_lost_response_is_found_and_not_repeated() {
    for fault in [Fault::Done500, Fault::DoneLater, Fault::DoneBrokenOff, Fault::DoneHtml] {
        let (service, url) = Service::new(&[fault]).start().await;
        assert_eq!(id(create(&client_of(&url), json!({"n": 1})).await), "p0", "{fault:?}");
        assert_eq!(service.ids().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_creation_that_did_not_happen_is_repeated() {
    let (service, url) = Service::new(&[Fault::Refused, Fault::Refused, Fault::None]).start().await;
    assert_eq!(id(create(&client_of(&url), json!({"n": 1})).await), "p0");
    assert_eq!(service.ids().len(), 1);
}

#[tokio::test]
async fn a_service_that_keeps_failing_is_reported_with_its_own_error() {
    let (service, url) = Service::new(&[Fault::Refused]).start().await;
    let error = create(&client_of(&url), json!({"n": 1})).await.unwrap_err();
    assert!(matches!(error.failure(), ReplicateFailure::Server { status: 500, .. }), "{error:?}");
    assert!(service.ids().is_empty());
}

#[tokio::test]
async fn nothing_is_repeated_when_the_search_fails_too() {
    let (service, url) = Service { is_blind: true, ..Service::new(&[Fault::Done500, Fault::None]) }.start().await;
    let error = create(&client_of(&url), json!({"n": 1})).await.unwrap_err();
    let ReplicateFailure::Unresolved { lookup } = error.failure() else { panic!("{error:?}") };
    assert!(matches!(lookup.failure(), ReplicateFailure::Server { status: 503, .. }));
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(service.ids().len(), 1);
}

#[tokio::test]
async fn a_prediction_with_other_inputs_is_not_mistaken_for_the_lost_one() {
    let (service, url) = Service::new(&[Fault::None, Fault::Refused, Fault::None]).start().await;
    let client = client_of(&url);
    assert_eq!(id(create(&client, json!({"n": 1})).await), "p0");
    // Someone else's, not held by this client.
    service.execute("acme/x", VERSION, &json!({"n": 3}));
    assert_eq!(id(create(&client, json!({"n": 2})).await), "p2");
}

#[tokio::test]
async fn an_earlier_prediction_is_not_mistaken_for_the_lost_one() {
    let (service, url) = Service::new(&[Fault::Refused, Fault::None]).start().await;
    let mut before = service.execute("acme/x", VERSION, &json!({"n": 1}));
    before["created_at"] = json!((SystemClock.now() - chrono::TimeDelta::seconds(30)).to_rfc3339());
    *service.created.lock().unwrap() = vec![before];
    assert_eq!(id(create(&client_of(&url), json!({"n": 1})).await), "p1");
}

#[tokio::test]
async fn an_earlier_training_is_not_mistaken_for_the_lost_one() {
    // The list of trainings has no filter, so the client has to compare dates.
    let (service, url) = Service::new(&[Fault::Refused, Fault::None]).start().await;
    let mut before = service.execute("acme/x", VERSION, &json!({"n": 1}));
    before["created_at"] = json!((SystemClock.now() - chrono::TimeDelta::seconds(30)).to_rfc3339());
    *service.created.lock().unwrap() = vec![before];
    let training = client_of(&url).create_training(&training(), &CancellationToken::new()).await;
    assert_eq!(id(training), "p1");
}

#[tokio::test]
async fn two_identical_lost_creations_get_two_predictions() {
    for faults in [[Fault::Done500, Fault::DoneBrokenOff], [Fault::Done500, Fault::Refused], [Fault::None, Fault::Refused]] {
        let with_success = [faults[0], faults[1], Fault::None];
        let (service, url) = Service::new(&with_success).start().await;
        let client = client_of(&url);
        let (one, other) = tokio::join!(create(&client, json!({"n": 1})), create(&client, json!({"n": 1})));
        assert_eq!(BTreeSet::from([id(one), id(other)]), service.ids(), "{faults:?}");
        assert_eq!(service.ids().len(), 2, "{faults:?}");
    }
}

#[tokio::test]
async fn a_prediction_taken_by_a_twin_is_replaced() {
    // The twin lost its response although nothing was created, so it took the first caller's prediction before the first caller got its own
    // response.
    let (service, url) = Service::new(&[Fault::None]).start().await;
    let client = client_of(&url);
    let target = request(&json!({})).target;
    let inputs = json!({"n": 1}).as_object().unwrap().clone();
    let taken = serde_json::from_value(json!({
        "id": "p0", "status": "starting", "model": "acme/x", "version": VERSION, "input": {"n": 1},
    }));
    assert!(client.claims.take_lost(&target, &inputs, vec![taken.unwrap()]).is_some());
    assert_eq!(id(create(&client, json!({"n": 1})).await), "p1");
    assert_eq!(service.ids().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_creations_with_faults_are_neither_lost_nor_duplicated() {
    for seed in [1, 2] {
        let lots = Some(Mutex::new(Seed(seed).generator("faults")));
        let (service, url) = Service { lots, page_size: 80, ..Service::new(&[]) }.start().await;
        let client = client_of(&url);
        // Many are identical: five different inputs for two hundred callers.
        let outcomes = join_all((0..200).map(|number| create(&client, json!({"n": number % 5, "text": "x"})))).await;
        let mut held = BTreeSet::new();
        let mut given_up = 0;
        for (number, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(prediction) => {
                    assert_eq!(prediction.inputs["n"], json!(number % 5), "somebody else's prediction");
                    assert!(held.insert(prediction.id.to_string()), "{} was handed out twice", prediction.id);
                }
                Err(error) => {
                    assert!(
                        matches!(error.failure(), ReplicateFailure::Server { .. } | ReplicateFailure::RateLimited { .. }),
                        "{error:?}"
                    );
                    given_up += 1;
                }
            }
        }
        assert_eq!(held, service.ids(), "seed {seed}: what was created is not what is held");
        assert_eq!(held.len() + given_up, 200);
        assert!(given_up <= 2, "seed {seed}: {given_up} were given up");
        assert!(client.requests_sent() > 200);
    }
}

#[tokio::test]
async fn a_lost_training_is_found() {
    let (service, url) = Service::new(&[Fault::Done500, Fault::Refused, Fault::None]).start().await;
    let client = client_of(&url);
    let never = CancellationToken::new();
    assert_eq!(client.create_training(&training(), &never).await.unwrap().id.as_str(), "p0");
    assert_eq!(client.create_training(&training(), &never).await.unwrap().id.as_str(), "p1");
    assert_eq!(service.ids().len(), 2);
}

/// Forwards everything, but cuts the connections of the first `cuts` responses to creations.
async fn cutting_proxy(backend: String, mut cuts: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let backend = backend.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut first = vec![0; 64 * 1024];
            let read = near.read(&mut first).await.unwrap();
            let mut far = TcpStream::connect(&backend).await.unwrap();
            far.write_all(&first[..read]).await.unwrap();
            if first.starts_with(b"POST ") && cuts > 0 {
                cuts -= 1;
                // The backend has responded, so the work is done, but nobody receives the response.
                let _ = far.read(&mut first).await;
                continue;
            }
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    url
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_does_not_duplicate_it() {
    let (service, backend) = Service::new(&[Fault::None]).start().await;
    let client = client_of(&cutting_proxy(backend, 1).await);
    assert_eq!(id(create(&client, json!({"n": 1})).await), "p0");
    assert_eq!(service.ids().len(), 1);
}

#[tokio::test]
async fn a_canceled_caller_still_learns_what_was_created() {
    let (_service, url) = Service::new(&[Fault::Done500]).start().await;
    let client = client_of(&url);
    let cancelled = CancellationToken::new();
    let request = request(&json!({"n": 1}));
    let (outcome, ()) = tokio::join!(client.create_prediction(&request, &cancelled), async {
        // After the request was sent, before its response.
        tokio::task::yield_now().await;
        cancelled.cancel();
    });
    assert_eq!(id(outcome), "p0");
}
