//! A strict fake of Replicate on tokio's clock: it rejects unknown versions, remembers every prediction, and counts those in flight.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::{
    Account, Accounts, Deletion, Deployment, DeploymentPatch, DeploymentUpdate, Deployments, Download, DownloadLimits, Files,
    Hardware, Model, ModelCreation, ModelPages, Models, NewDeployment, NewFile, NewModel, PredictionRequest, PredictionTarget,
    Predictions, Replicate, ReplicateError, ReplicateFailure, TextOfPage, TrainingRequest, Trainings, UploadedFile, Version,
};
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::prediction::{Inputs, Prediction, PredictionId, PredictionStatus};

/// How a prediction runs.
#[derive(Clone)]
pub(super) struct Script {
    pub(super) boot: Duration,
    pub(super) run: Duration,
    pub(super) ending: Ending,
}

#[derive(Clone)]
pub(super) enum Ending {
    Output(Value),
    Error(String),
    Status(PredictionStatus),
    Never,
    /// The creation fails.
    Refused(fn() -> ReplicateFailure),
}

pub(super) fn output(value: Value) -> Script {
    Script { boot: Duration::ZERO, run: Duration::from_secs(1), ending: Ending::Output(value) }
}

pub(super) fn error(text: &str) -> Script {
    Script { ending: Ending::Error(text.to_owned()), ..output(Value::Null) }
}

pub(super) fn refused(failure: fn() -> ReplicateFailure) -> Script {
    Script { ending: Ending::Refused(failure), ..output(Value::Null) }
}

/// A requested prediction.
pub(super) struct FakeCall<'a> {
    pub(super) live: bool,
    pub(super) training: bool,
    pub(super) by_name: bool,
    pub(super) inputs: &'a Inputs,
    /// Number of earlier predictions with these inputs on this side.
    pub(super) before: usize,
}

struct FakePrediction {
    prediction: Prediction,
    script: Script,
    created: Instant,
    cancelled: Option<Instant>,
}

type Brain = Box<dyn Fn(&FakeCall<'_>) -> Script + Send + Sync>;

pub(super) struct Fake {
    brain: Brain,
    created: Mutex<Vec<FakePrediction>>,
    creations: Mutex<HashMap<String, usize>>,
    pub(super) files: Mutex<HashMap<String, Vec<u8>>>,
    pub(super) throttled: AtomicBool,
    pub(super) most_in_flight: AtomicUsize,
    pub(super) downloads: AtomicUsize,
}

const EPOCH: i64 = 1_800_000_000;

impl Fake {
    pub(super) fn new(brain: impl Fn(&FakeCall<'_>) -> Script + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            brain: Box::new(brain),
            created: Mutex::default(),
            creations: Mutex::default(),
            files: Mutex::default(),
            throttled: AtomicBool::new(false),
            most_in_flight: AtomicUsize::new(0),
            downloads: AtomicUsize::new(0),
        })
    }

    pub(super) fn with_file(self: Arc<Self>, url: &str, bytes: impl Into<Vec<u8>>) -> Arc<Self> {
        self.files.lock().unwrap().insert(url.to_owned(), bytes.into());
        self
    }

    pub(super) fn replace_file(&self, url: &str, bytes: impl Into<Vec<u8>>) {
        self.files.lock().unwrap().insert(url.to_owned(), bytes.into());
    }

    /// Every prediction that was created, in its current state.
    pub(super) fn predictions(&self) -> Vec<Prediction> {
        self.created.lock().unwrap().iter().map(FakePrediction::now).collect()
    }

    pub(super) fn running(&self) -> usize {
        self.predictions().iter().filter(|prediction| !prediction.status.is_terminal()).count()
    }
}

impl FakePrediction {
    fn now(&self) -> Prediction {
        let mut seen = self.prediction.clone();
        let at =
            |after: Duration| DateTime::<Utc>::from_timestamp(EPOCH, 0).map(|start| start + TimeDelta::from_std(after).unwrap());
        seen.created_at = at(Duration::ZERO);
        let age = self.cancelled.unwrap_or_else(Instant::now) - self.created;
        let Script { boot, run, ending } = &self.script;
        if age >= *boot {
            seen.started_at = at(*boot);
            seen.status = PredictionStatus::Processing;
        }
        let boot_fails = matches!(ending, Ending::Error(error) if error.contains("failed to boot"));
        if boot_fails {
            seen.started_at = None;
            seen.status = PredictionStatus::Starting;
        }
        if age >= *boot + *run && !matches!(ending, Ending::Never) {
            seen.completed_at = at(*boot + *run);
            seen.predict_time = Some(*run);
            match ending {
                Ending::Output(value) => {
                    seen.status = PredictionStatus::Succeeded;
                    seen.output = Some(value.clone());
                }
                Ending::Error(error) => {
                    seen.status = PredictionStatus::Failed;
                    seen.error = Some(error.clone());
                }
                Ending::Status(status) => seen.status = status.clone(),
                Ending::Never | Ending::Refused(_) => {}
            }
        } else if self.cancelled.is_some() {
            seen.status = PredictionStatus::Canceled;
        }
        seen
    }
}

impl Predictions for Fake {
    fn create_prediction<'a>(
        &'a self,
        request: &'a PredictionRequest,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move {
            let (live, by_name) = match &request.target {
                PredictionTarget::Version(version) => (*version == live_version(), false),
                PredictionTarget::Model(model) => (*model == live_version().model, true),
                PredictionTarget::Deployment { .. } => panic!("not used by these tests"),
            };
            assert!(live || request.target == PredictionTarget::Version(staged_version()), "{}", request.target);
            assert!(request.inputs.values().all(|value| !value.is_null()), "nulls are refused");
            let before = {
                let mut creations = self.creations.lock().unwrap();
                let count = creations.entry(format!("{live} {}", json!(request.inputs))).or_default();
                *count += 1;
                *count - 1
            };
            self.create(&FakeCall { live, training: false, by_name, inputs: &request.inputs, before }).await
        })
    }

    fn prediction<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move { Ok(self.poll(id, false)) })
    }

    fn cancel_prediction<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move { Ok(self.cancel(id, false)) })
    }
}

impl Fake {
    async fn create(&self, call: &FakeCall<'_>) -> Result<Prediction, ReplicateError> {
        let script = (self.brain)(call);
        if let Ending::Refused(failure) = &script.ending {
            return Err(ReplicateError::new("create a prediction", failure()));
        }
        tokio::task::yield_now().await;
        let mut created = self.created.lock().unwrap();
        let id = format!("{}{}", if call.training { 't' } else { 'p' }, created.len() + 1);
        let prediction = Prediction {
            web_url: Some(format!("https://replicate.example/p/{id}")),
            id: PredictionId::new(id),
            status: PredictionStatus::Starting,
            version: None,
            inputs: call.inputs.clone(),
            output: None,
            error: None,
            logs: "first line\nlast line\n".to_owned(),
            predict_time: None,
            // A model may report what it was given.
            metrics: call.inputs.get("key").into_iter().map(|key| ("key".to_owned(), key.clone())).collect(),
            created_at: None,
            started_at: None,
            completed_at: None,
        };
        created.push(FakePrediction { prediction, script, created: Instant::now(), cancelled: None });
        let in_flight = created.iter().filter(|prediction| !prediction.now().status.is_terminal()).count();
        self.most_in_flight.fetch_max(in_flight, Ordering::SeqCst);
        Ok(created.last().unwrap().now())
    }

    fn poll(&self, id: &PredictionId, training: bool) -> Prediction {
        assert_eq!(id.as_str().starts_with('t'), training, "{id} is call for at the wrong place");
        self.created.lock().unwrap().iter().find(|fake| fake.prediction.id == *id).unwrap().now()
    }

    fn cancel(&self, id: &PredictionId, training: bool) -> Prediction {
        assert_eq!(id.as_str().starts_with('t'), training, "{id} is canceled through the wrong endpoint");
        let mut created = self.created.lock().unwrap();
        let fake = created.iter_mut().find(|fake| fake.prediction.id == *id).unwrap();
        fake.cancelled.get_or_insert_with(Instant::now);
        fake.now()
    }
}

impl Files for Fake {
    fn upload_file<'a>(&'a self, _: &'a NewFile) -> BoxFuture<'a, Result<UploadedFile, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }

    fn download<'a>(&'a self, url: &'a str, limits: &'a DownloadLimits) -> BoxFuture<'a, Result<Download, ReplicateError>> {
        Box::pin(async move {
            self.downloads.fetch_add(1, Ordering::SeqCst);
            let failed = |failure| Err(ReplicateError::new("download a file", failure));
            if url.contains("/outage") {
                return failed(ReplicateFailure::Server { status: 503, retry_after: None, detail: "down".to_owned() });
            }
            match self.files.lock().unwrap().get(url) {
                None => failed(ReplicateFailure::FileUnavailable { status: 404 }),
                Some(bytes) if bytes.len() as u64 > limits.read_bytes => {
                    failed(ReplicateFailure::TooLarge { limit_bytes: limits.read_bytes })
                }
                Some(bytes) => {
                    let file = Download::of_bytes(Bytes::from(bytes.clone()), None);
                    Ok(if file.size_bytes > limits.keep_bytes { file.dropped() } else { file })
                }
            }
        })
    }
}

impl Accounts for Fake {
    fn account<'a>(&'a self) -> BoxFuture<'a, Result<Account, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }

    fn hardware<'a>(&'a self) -> BoxFuture<'a, Result<Vec<Hardware>, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }
}

impl Models for Fake {
    fn model<'a>(&'a self, _: &'a ModelRef) -> BoxFuture<'a, Result<Option<Model>, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }
    fn create_model<'a>(&'a self, _: &'a NewModel) -> BoxFuture<'a, Result<ModelCreation, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }
    fn delete_model<'a>(&'a self, _: &'a ModelRef) -> BoxFuture<'a, Result<Deletion, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }
    fn version<'a>(&'a self, _: &'a VersionRef) -> BoxFuture<'a, Result<Option<Version>, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }
    fn versions<'a>(&'a self, _: &'a ModelRef) -> BoxFuture<'a, Result<Vec<Version>, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }
    fn wait_for_version<'a>(
        &'a self,
        _: &'a VersionRef,
        _: Duration,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Version, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }
    fn delete_version<'a>(&'a self, _: &'a VersionRef) -> BoxFuture<'a, Result<Deletion, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }
}

impl ModelPages for Fake {
    fn readme<'a>(&'a self, _: &'a ModelRef) -> BoxFuture<'a, Result<Option<String>, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }
    fn update_page<'a>(&'a self, _: &'a ModelRef, _: &'a TextOfPage) -> BoxFuture<'a, Result<(), ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }
}

impl Trainings for Fake {
    fn create_training<'a>(
        &'a self,
        request: &'a TrainingRequest,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move {
            assert_eq!((&request.version, &request.destination), (&staged_version(), &destination()));
            assert!(request.inputs.values().all(|value| !value.is_null()), "nulls are refused");
            let before = {
                let mut creations = self.creations.lock().unwrap();
                let count = creations.entry(format!("training {}", json!(request.inputs))).or_default();
                *count += 1;
                *count - 1
            };
            self.create(&FakeCall { live: false, training: true, by_name: false, inputs: &request.inputs, before }).await
        })
    }
    fn training<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move { Ok(self.poll(id, true)) })
    }
    fn cancel_training<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move { Ok(self.cancel(id, true)) })
    }
}

impl Deployments for Fake {
    fn deployment<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Option<Deployment>, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }
    fn create_deployment<'a>(&'a self, _: &'a NewDeployment) -> BoxFuture<'a, Result<Deployment, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }
    fn update_deployment<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: &'a DeploymentPatch,
    ) -> BoxFuture<'a, Result<DeploymentUpdate, ReplicateError>> {
        Box::pin(async move { unreachable!("not used by these tests") })
    }
}

impl Replicate for Fake {
    fn api_url(&self) -> String {
        "https://api.replicate.com/v1".to_owned()
    }

    fn requests_sent(&self) -> u64 {
        0
    }

    fn is_throttled(&self) -> bool {
        self.throttled.load(Ordering::SeqCst)
    }
}

pub(super) fn staged_version() -> VersionRef {
    format!("acme/hotdog-test:{}", "a".repeat(64)).parse().unwrap()
}

pub(super) fn live_version() -> VersionRef {
    format!("acme/hotdog:{}", "b".repeat(64)).parse().unwrap()
}

pub(super) fn destination() -> ModelRef {
    "acme/hotdog-test-dest".parse().unwrap()
}
