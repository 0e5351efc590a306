//! Events of a run in progress, the interface between the stages and their presentation.
//!
//! Stages pass events to an [`Observer`]. The observer (a terminal, plain lines, an action's log) decides what to show. Observers match
//! without a `_` arm, so a new event does not compile until each of them handles it.

use std::time::Duration;

use cog_findings::Finding;

use crate::domain::case::CaseId;
use crate::domain::identity::VersionRef;
use crate::domain::prediction::PredictionId;
use crate::domain::report::{CaseReport, ModelReport, Stage, StageStatus};

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The model that it belongs to; `None` for the run as a whole.
    pub model: Option<String>,
    pub kind: EventKind,
}

/// What happened in a run.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// A model's run starts.
    ModelStarted,
    /// A model's run finished.
    ModelFinished(Box<ModelReport>),
    StageStarted(Stage),
    StageFinished {
        stage: Stage,
        status: StageStatus,
        duration: Duration,
        /// One line about it.
        note: Option<String>,
    },
    /// A check reported a finding.
    Found(Finding),
    /// Something worth knowing that is not a finding.
    Notice(String),
    /// A step of the image build started or finished.
    BuildStep {
        /// The step as BuildKit names it.
        name: String,
        state: BuildStepState,
    },
    /// A line of the build's output. Untrusted text.
    BuildOutput(String),
    /// Bytes of layers pushed so far.
    PushProgress {
        sent_bytes: u64,
        /// The total to send, as far as it is known.
        total_bytes: u64,
    },
    /// A layer is in the registry.
    LayerPushed {
        outcome: LayerOutcome,
        /// Number of finished layers.
        done: usize,
        /// Number of layers, as far as it is known.
        layers: usize,
    },
    /// A push failed with an error that may be temporary, and is repeated.
    PushRepeated {
        /// Why it failed. Untrusted text.
        reason: String,
        /// The wait before the repetition.
        wait: Duration,
    },
    /// A version is ready to use.
    VersionReady(VersionRef),
    /// A prediction was created for a case.
    PredictionCreated {
        case: CaseId,
        prediction: PredictionId,
        /// The page for people.
        url: Option<String>,
    },
    /// A prediction runs: it is no longer queued, and its version has booted.
    PredictionStarted(PredictionId),
    /// A prediction is no longer in flight.
    PredictionFinished(PredictionId),
    /// The cases of a verification are known.
    CasesPlanned {
        cases: usize,
    },
    /// A wait before something is tried again.
    Waiting {
        /// Untrusted text.
        reason: String,
        wait: Duration,
    },
    CaseFinished(Box<CaseReport>),
}

/// How a layer got into the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerOutcome {
    Sent,
    /// The repository had it.
    AlreadyThere,
    /// Another repository of the registry had it.
    Mounted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildStepState {
    /// It is running.
    Started,
    /// Its result was cached.
    Cached,
    /// It succeeded.
    Done {
        duration: Duration,
    },
    Failed,
}

/// Receives events. Called from any task; must not block.
pub trait Observer: Send + Sync {
    fn observe(&self, event: Event);
}

/// Ignores every event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&self, _event: Event) {}
}
