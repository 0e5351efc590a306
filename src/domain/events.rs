//! Events of a run, while it happens: the seam between the stages and their presentation.
//!
//! Stages hand events to an [`Observer`]; who listens (a terminal, plain lines, an action's log) decides what to show. Consumers
//! match without a `_` arm, so that a new event does not compile until each has decided.

use std::time::Duration;

use cog_findings::Finding;

use crate::domain::case::CaseId;
use crate::domain::identity::VersionRef;
use crate::domain::prediction::PredictionId;
use crate::domain::report::{CaseReport, ModelReport, Stage, StageStatus};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The model it happened to; `None` for the run as a whole.
    pub model: Option<String>,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// A model's run starts.
    ModelStarted,
    /// A model's run ended.
    ModelFinished(Box<ModelReport>),
    /// A stage starts.
    StageStarted(Stage),
    /// A stage ended.
    StageFinished {
        /// Which.
        stage: Stage,
        /// How.
        status: StageStatus,
        /// After how long.
        duration: Duration,
        /// One line about it.
        note: Option<String>,
    },
    /// A check found something.
    Found(Finding),
    /// Something worth knowing that is not a finding.
    Notice(String),
    /// A step of the image build started or ended.
    BuildStep {
        /// The step as BuildKit names it.
        name: String,
        /// Its state.
        state: BuildStepState,
    },
    /// A line of the build's output. Untrusted text.
    BuildOutput(String),
    /// Bytes of layers pushed so far.
    PushProgress {
        /// Sent.
        sent_bytes: u64,
        /// All that has to be sent, as far as it is known.
        total_bytes: u64,
    },
    /// A layer is finished.
    LayerPushed {
        /// How.
        outcome: LayerOutcome,
        /// Number of finished layers.
        done: usize,
        /// Number of layers, as far as it is known.
        layers: usize,
    },
    /// A push failed for a reason that may pass, and is repeated.
    PushRepeated {
        /// Why it failed. Untrusted text.
        reason: String,
        /// After how long.
        wait: Duration,
    },
    /// A version can be used.
    VersionReady(VersionRef),
    /// A prediction was created for a case.
    PredictionCreated {
        /// The case.
        case: CaseId,
        /// The prediction.
        prediction: PredictionId,
        /// The page for people.
        url: Option<String>,
    },
    /// A case ended.
    CaseFinished(Box<CaseReport>),
}

/// How a layer came to be in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerOutcome {
    /// It was sent.
    Sent,
    /// The repository had it.
    AlreadyThere,
    /// Another repository of the registry had it.
    Mounted,
}

/// State of a build step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildStepState {
    /// It runs.
    Started,
    /// Its result was in the cache.
    Cached,
    /// It ended well.
    Done {
        /// After how long.
        duration: Duration,
    },
    /// It failed.
    Failed,
}

/// A listener of events. Called from any task; must not block.
pub trait Observer: Send + Sync {
    /// Receives an event.
    fn observe(&self, event: Event);
}

/// A listener that ignores every event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&self, _event: Event) {}
}
