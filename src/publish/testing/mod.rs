//! Docker, a registry and Replicate in memory, for tests of this room and of `pipeline`.
//!
//! The three share one [`World`]: what is pushed to the registry becomes a version at Replicate. They are strict: a call that the real
//! service would refuse is refused, one that makes no sense panics. Each call is written to a log, faults are queued by call name, and a
//! call can be made to hang: until it is canceled, or forever.

mod docker;
mod registry;
mod replicate;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clients::docker::{DockerError, ImageDetails, RegistryCredentials};
use crate::clients::registry::{Manifest, RegistryError};
use crate::clients::replicate::{Account, AccountKind, Deployment, Hardware, Model, ReplicateFailure, Version, Visibility};
use crate::domain::cleared::{BuiltImage, Cleared, Replaced, Staged, Verified};
use crate::domain::events::{Event, EventKind, Observer};
use crate::domain::identity::{ImageDigest, ModelRef, VersionId, VersionRef};
use crate::domain::prediction::Prediction;
use crate::publish::{PublishServices, PushDaemon};
use crate::support::clock::Clock;

pub(crate) use docker::FakeDocker;
pub(crate) use registry::FakeRegistry;
pub(crate) use replicate::FakeReplicate;

/// Everything that the three services know.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) images: BTreeMap<String, ImageDetails>,
    pub(crate) manifests: HashMap<(String, ImageDigest), Manifest>,
    pub(crate) models: BTreeMap<ModelRef, Model>,
    pub(crate) hardware: Vec<Hardware>,
    pub(crate) versions: HashMap<VersionRef, (Version, Instant)>,
    /// The versions in the order in which they appeared.
    pub(crate) published: Vec<VersionRef>,
    pub(crate) deployments: BTreeMap<String, Deployment>,
    pub(crate) predictions: Vec<(Prediction, VersionRef)>,
    /// What builds were sent, by the layer that it became.
    pub(crate) contexts: BTreeMap<ImageDigest, Vec<u8>>,
    pub(crate) container_schema: Value,
    pub(crate) output: Option<Value>,
    pub(crate) predictions_never_end: bool,
    /// Predictions through deployments fail.
    pub(crate) deployments_fail: bool,
    pub(crate) versions_appear_after: Duration,
    pub(crate) versions_never_appear: bool,
    pub(crate) registry_repacks: BTreeSet<String>,
    pub(crate) registry_loses: bool,
    calls: Vec<String>,
    docker_faults: HashMap<&'static str, VecDeque<DockerError>>,
    replicate_faults: HashMap<&'static str, VecDeque<ReplicateFailure>>,
    registry_faults: VecDeque<RegistryError>,
    hanging: BTreeMap<&'static str, Hang>,
    moments: Vec<(&'static str, Moment)>,
}

/// What happens at a call.
type Moment = Box<dyn FnOnce(&World) + Send>;

/// How a call hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hang {
    /// Until it is cancelled.
    Politely,
    /// Whatever happens.
    Stubbornly,
}

/// A world in which `acme` has a live model `acme/hotdog` with one version, a private test model, and a built image.
#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<State>>);

pub(crate) const REGISTRY: &str = "r8.im";
pub(crate) const BUILT: &str = "safe-push-build:built";

pub(crate) fn live_model() -> ModelRef {
    "acme/hotdog".parse().unwrap()
}

pub(crate) fn test_model() -> ModelRef {
    "acme/hotdog-test".parse().unwrap()
}

pub(crate) fn digest(text: &str) -> ImageDigest {
    format!("sha256:{}", hex::encode(Sha256::digest(text))).parse().unwrap()
}

pub(crate) fn version_id(text: &str) -> VersionId {
    digest(text).version_id()
}

/// The schema of a predictor with one optional input.
pub(crate) fn schema() -> Value {
    json!({
        "openapi": "3.0.2",
        "info": {"title": "Cog", "version": "0.1.0"},
        "paths": {},
        "components": {"schemas": {
            "Input": {"title": "Input", "type": "object", "properties": {
                "text": {"title": "Text", "type": "string", "description": "What to say", "default": "hello", "x-order": 0},
            }},
            "Output": {"title": "Output", "type": "string"},
        }},
    })
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self(Arc::new(Mutex::new(State::default())));
        let image = ImageDetails {
            id: digest("built").to_string(),
            diff_ids: vec![digest("base"), digest("packages"), digest("code")],
            labels: BTreeMap::from([
                ("run.cog.version".to_owned(), "0.22.0".to_owned()),
                ("run.cog.openapi_schema".to_owned(), schema().to_string()),
            ]),
            names: vec![BUILT.to_owned()],
            ..ImageDetails::default()
        };
        {
            let mut state = world.state();
            state.images.insert(BUILT.to_owned(), image);
            state.container_schema = schema();
            state.output = Some(json!("hello"));
            state.hardware = ["cpu", "gpu-l40s"].map(|sku| Hardware { name: sku.to_uppercase(), sku: sku.to_owned() }).to_vec();
        }
        world.add_model(&live_model(), Visibility::Public);
        world.add_version(&live_model(), "live", Some(schema()));
        world.add_model(&test_model(), Visibility::Private);
        world
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn add_model(&self, model: &ModelRef, visibility: Visibility) {
        let made = Model { model: model.clone(), visibility, is_official: false, latest_version: None, url: None };
        self.state().models.insert(model.clone(), made);
    }

    pub(crate) fn remove_model(&self, model: &ModelRef) {
        self.state().models.remove(model);
    }

    pub(crate) fn add_version(&self, model: &ModelRef, text: &str, schema: Option<Value>) -> VersionRef {
        let version =
            Version { id: version_id(text), created_at: None, cog_version: Some("0.22.0".to_owned()), openapi_schema: schema };
        let reference = VersionRef { model: model.clone(), id: version.id.clone() };
        let mut state = self.state();
        state.models.get_mut(model).unwrap().latest_version = Some(version.clone());
        state.versions.insert(reference.clone(), (version, Instant::now()));
        state.published.push(reference.clone());
        reference
    }

    pub(crate) fn add_deployment(&self, name: &str, version: &VersionRef, hardware: &str) {
        let deployment = Deployment {
            owner: "acme".to_owned(),
            name: name.to_owned(),
            release: Some(3),
            version: Some(version.clone()),
            hardware: Some(hardware.to_owned()),
            min_instances: Some(2),
            max_instances: Some(7),
        };
        self.state().deployments.insert(format!("acme/{name}"), deployment);
    }

    pub(crate) fn image(&self) -> BuiltImage {
        self.state().images[BUILT].clone().into_built(BUILT)
    }

    /// The image as a version of the test model that passed.
    pub(crate) fn cleared(&self) -> Cleared {
        self.cleared_for(live_model())
    }

    pub(crate) fn cleared_for(&self, model: ModelRef) -> Cleared {
        let newest = self.state().models.get(&model).and_then(|model| model.latest_version.clone());
        self.cleared_against(model, Replaced::of(newest.map(|version| version.id).as_ref()))
    }

    /// The image as a version of the test model that passed against this version.
    pub(crate) fn cleared_against(&self, model: ModelRef, replaces: Replaced) -> Cleared {
        let image = self.image();
        let layers = layers_of(&image.diff_ids);
        let version = VersionRef { model: test_model(), id: version_id("staged") };
        Verified::new(Staged { version, image: Some(image), layers }, Vec::new(), Vec::new()).clear(model, replaces).unwrap()
    }

    pub(crate) fn fail_docker(&self, call: &'static str, error: DockerError) {
        self.state().docker_faults.entry(call).or_default().push_back(error);
    }

    pub(crate) fn fail_replicate(&self, call: &'static str, failure: ReplicateFailure) {
        self.state().replicate_faults.entry(call).or_default().push_back(failure);
    }

    pub(crate) fn fail_registry(&self, error: RegistryError) {
        self.state().registry_faults.push_back(error);
    }

    /// Lets something happen when a call begins, such as a push by somebody else.
    pub(crate) fn at(&self, call: &'static str, happens: impl FnOnce(&Self) + Send + 'static) {
        self.state().moments.push((call, Box::new(happens)));
    }

    pub(crate) fn hang(&self, call: &'static str, how: Hang) {
        self.state().hanging.insert(call, how);
    }

    /// All calls so far, without what is unique to a push.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    pub(crate) fn calls_of(&self, call: &str) -> Vec<String> {
        self.calls().into_iter().filter(|line| line.split(' ').next() == Some(call)).collect()
    }

    /// Names of images in the daemon.
    pub(crate) fn names(&self) -> Vec<String> {
        self.state().images.keys().cloned().collect()
    }

    pub(crate) fn services(&self) -> PublishServices {
        let docker = Arc::new(FakeDocker(self.clone()));
        PublishServices {
            daemon: Some(PushDaemon {
                derive: Arc::<FakeDocker>::clone(&docker),
                names: Arc::<FakeDocker>::clone(&docker),
                push: docker,
            }),
            registry: Arc::new(FakeRegistry(self.clone())),
            writer: None,
            replicate: Arc::new(FakeReplicate(self.clone())),
            registry_host: REGISTRY.to_owned(),
            credentials: credentials(),
        }
    }

    /// Notes a call, hangs if it is to hang, and says whether it was cancelled while doing so. Hangs and faults are found by the
    /// call's name, or by the name and what it is about.
    async fn enter(&self, call: &'static str, subject: &str, cancelled: Option<&CancellationToken>) -> Result<(), Interrupted> {
        let (hanging, moments) = {
            let mut state = self.state();
            let line = line(call, subject);
            let hanging = state.hanging.get(line.as_str()).or_else(|| state.hanging.get(call)).copied();
            let is_now = |moment: &mut (&'static str, Moment)| moment.0 == line || moment.0 == call;
            let moments: Vec<_> = state.moments.extract_if(.., is_now).collect();
            state.calls.push(line);
            (hanging, moments)
        };
        for (_, happens) in moments {
            happens(self);
        }
        match (hanging, cancelled) {
            (None, Some(cancelled)) if cancelled.is_cancelled() => Err(Interrupted),
            (None, _) => Ok(()),
            (Some(Hang::Politely), Some(cancelled)) => {
                cancelled.cancelled().await;
                Err(Interrupted)
            }
            (Some(_), _) => std::future::pending().await,
        }
    }
}

struct Interrupted;

fn line(call: &str, subject: &str) -> String {
    format!("{call} {}", steady(subject)).trim().to_owned()
}

/// Takes the next fault of a call, if there is one.
fn fault<T>(faults: &mut HashMap<&'static str, VecDeque<T>>, call: &str, subject: &str) -> Option<T> {
    let line = line(call, subject);
    let key = [line.as_str(), call].into_iter().find(|key| faults.get(key).is_some_and(|queue| !queue.is_empty()))?;
    faults.get_mut(key)?.pop_front()
}

/// A text without what is unique to a run.
fn steady(text: &str) -> String {
    let unique = regex::Regex::new(r"(\d+-\d+-\d+-[0-9a-f]{12}-(0|[0-9a-f]{12})-)?[0-9a-f]{32}").unwrap();
    unique.replace_all(text, "<unique>").into_owned()
}

/// Digests of the compressed layers, as the registry has them.
pub(crate) fn layers_of(diff_ids: &[ImageDigest]) -> Vec<ImageDigest> {
    diff_ids.iter().map(|diff_id| digest(&format!("gzip of {diff_id}"))).collect()
}

pub(crate) fn account(username: &str) -> Account {
    Account { username: username.to_owned(), kind: AccountKind::Organization }
}

pub(crate) fn credentials() -> RegistryCredentials {
    RegistryCredentials { host: REGISTRY.to_owned(), username: "acme".to_owned(), password: "cli-token".to_owned().into() }
}

pub(crate) fn registry_down() -> RegistryError {
    RegistryError::Unavailable { host: REGISTRY.to_owned(), attempted: "a manifest".to_owned(), status: 503 }
}

/// A wall clock that does not move; durations follow tokio's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap()
    }
}

/// Keeps every event.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<Event>>);

impl Recorder {
    pub(crate) fn events(&self) -> Vec<EventKind> {
        self.0.lock().unwrap().iter().map(|event| event.kind.clone()).collect()
    }

    pub(crate) fn models(&self) -> BTreeSet<Option<String>> {
        self.0.lock().unwrap().iter().map(|event| event.model.clone()).collect()
    }
}

impl Observer for Recorder {
    fn observe(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}
