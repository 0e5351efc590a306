//! A strict fake of Replicate on tokio's clock: it rejects unknown versions, remembers every prediction, and counts those in flight.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
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

#[async_trait]
impl Predictions for Fake {
    async fn create_prediction(&self, request: &PredictionRequest, _: &CancellationToken) -> Result<Prediction, ReplicateError> {
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
    }

    async fn prediction(&self, id: &PredictionId) -> Result<Prediction, ReplicateError> {
        Ok(self.poll(id, false))
    }

    async fn cancel_prediction(&self, id: &PredictionId) -> Result<Prediction, ReplicateError> {
        Ok(self.cancel(id, false))
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

#[async_trait]
impl Files for Fake {
    async fn upload_file(&self, _: &NewFile) -> Result<UploadedFile, ReplicateError> {
        unreachable!("not used by these tests")
    }

    async fn download(&self, url: &str, limits: &DownloadLimits) -> Result<Download, ReplicateError> {
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
    }
}

#[async_trait]
impl Accounts for Fake {
    async fn account(&self) -> Result<Account, ReplicateError> {
        unreachable!("not used by these tests")
    }

    async fn hardware(&self) -> Result<Vec<Hardware>, ReplicateError> {
        unreachable!("not used by these tests")
    }
}

#[async_trait]
impl Models for Fake {
    async fn model(&self, _: &ModelRef) -> Result<Option<Model>, ReplicateError> {
        unreachable!("not used by these tests")
    }
    async fn create_model(&self, _: &NewModel) -> Result<ModelCreation, ReplicateError> {
        unreachable!("not used by these tests")
    }
    async fn delete_model(&self, _: &ModelRef) -> Result<Deletion, ReplicateError> {
        unreachable!("not used by these tests")
    }
    async fn version(&self, _: &VersionRef) -> Result<Option<Version>, ReplicateError> {
        unreachable!("not used by these tests")
    }
    async fn versions(&self, _: &ModelRef) -> Result<Vec<Version>, ReplicateError> {
        unreachable!("not used by these tests")
    }
    async fn wait_for_version(&self, _: &VersionRef, _: Duration, _: &CancellationToken) -> Result<Version, ReplicateError> {
        unreachable!("not used by these tests")
    }
    async fn delete_version(&self, _: &VersionRef) -> Result<Deletion, ReplicateError> {
        unreachable!("not used by these tests")
    }
}

#[async_trait]
impl ModelPages for Fake {
    async fn readme(&self, _: &ModelRef) -> Result<Option<String>, ReplicateError> {
        unreachable!("not used by these tests")
    }
    async fn update_page(&self, _: &ModelRef, _: &TextOfPage) -> Result<(), ReplicateError> {
        unreachable!("not used by these tests")
    }
}

#[async_trait]
impl Trainings for Fake {
    async fn create_training(&self, request: &TrainingRequest, _: &CancellationToken) -> Result<Prediction, ReplicateError> {
        assert_eq!((&request.version, &request.destination), (&staged_version(), &destination()));
        assert!(request.inputs.values().all(|value| !value.is_null()), "nulls are refused");
        let before = {
            let mut creations = self.creations.lock().unwrap();
            let count = creations.entry(format!("training {}", json!(request.inputs))).or_default();
            *count += 1;
            *count - 1
        };
        self.create(&FakeCall { live: false, training: true, by_name: false, inputs: &request.inputs, before }).await
    }
    async fn training(&self, id: &PredictionId) -> Result<Prediction, ReplicateError> {
        Ok(self.poll(id, true))
    }
    async fn cancel_training(&self, id: &PredictionId) -> Result<Prediction, ReplicateError> {
        Ok(self.cancel(id, true))
    }
}

#[async_trait]
impl Deployments for Fake {
    async fn deployment(&self, _: &str, _: &str) -> Result<Option<Deployment>, ReplicateError> {
        unreachable!("not used by these tests")
    }
    async fn create_deployment(&self, _: &NewDeployment) -> Result<Deployment, ReplicateError> {
        unreachable!("not used by these tests")
    }
    async fn update_deployment(&self, _: &str, _: &str, _: &DeploymentPatch) -> Result<DeploymentUpdate, ReplicateError> {
        unreachable!("not used by these tests")
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
