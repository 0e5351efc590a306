//! The result of a run, as values. `report` renders it; `run.json` has its own frozen types.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use cog_findings::{Finding, Location};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::before_after::BeforeAfter;
use crate::domain::case::{CaseId, CaseKind, Expectation};
use crate::domain::cost::Cost;
use crate::domain::identity::{ImageDigest, ModelRef, VersionRef};
use crate::domain::output::{OutputComparison, OutputFile};
use crate::domain::page::PageReport;
use crate::domain::prediction::{Inputs, PredictionId};
use crate::domain::verdict::Verdict;

/// The report of a whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// The version of safe-push that ran.
    pub tool_version: String,
    pub started_at: DateTime<Utc>,
    pub duration: Duration,
    /// The verdict of its most severe model.
    pub verdict: Verdict,
    /// The models, in the requested order.
    pub models: Vec<ModelReport>,
    /// Facts about the run as a whole, such as "running on the embedded sandbox".
    pub notices: Vec<String>,
}

/// The report of one model's run.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelReport {
    /// The name that selects it.
    pub name: String,
    /// The live model.
    pub model: ModelRef,
    pub test_model: ModelRef,
    /// Its configuration file, if it has one.
    pub config_file: Option<String>,
    pub verdict: Verdict,
    /// The staged version, if it got that far.
    pub staged: Option<VersionRef>,
    /// The published version, if it got that far.
    pub published: Option<VersionRef>,
    /// The version of the official model, if it got that far.
    pub official: Option<VersionRef>,
    /// The live version, if it was made of the same and so was not published again.
    pub unchanged: Option<VersionRef>,
    /// The live version before this run, for a rollback.
    pub previous: Option<VersionRef>,
    /// The versions that test trainings left at their destination.
    pub trained: Vec<VersionRef>,
    /// The layers of both versions, once both are known.
    pub layers: Option<LayerProof>,
    /// How the layers reached the live model, once they did.
    pub transfer: Option<Transfer>,
    /// The record by which a later run may publish the staged version.
    pub tested_record: Option<String>,
    /// The deployment, if one was requested and reached.
    pub deployment: Option<DeploymentReport>,
    /// The text of the model's page, if a file was named for it.
    pub page: Option<PageReport>,
    /// The stages in order, skipped ones included.
    pub stages: Vec<StageReport>,
    /// Findings of all checks, most severe first.
    pub findings: Vec<Finding>,
    /// Findings that settings ignore.
    pub ignored: Vec<Finding>,
    /// The cases, in planned order.
    pub cases: Vec<CaseReport>,
    /// What the outputs do not show, on the live version and on the new one.
    pub before_after: Vec<BeforeAfter>,
    /// The seed that reproduces the fuzz inputs.
    pub seed: Option<u64>,
    /// The cost of its predictions.
    pub cost: Cost,
    /// The error, if the model's run ended with one instead of a result.
    pub error: Option<ErrorReport>,
}

/// The tested and the published layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerProof {
    /// Layers of the staged manifest, in order.
    pub staged: Vec<ImageDigest>,
    /// Layers of the published manifest, in order.
    pub published: Vec<ImageDigest>,
}

impl LayerProof {
    /// Whether the tested and the published layers are the same.
    pub fn holds(&self) -> bool {
        !self.staged.is_empty() && self.staged == self.published
    }
}

/// How the layers of a published version reached its model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The route.
    pub route: PublishRoute,
    /// Layers that the model had.
    pub present: usize,
    /// Layers that the registry took over from the test model.
    pub mounted: usize,
    /// Layers that were streamed from the test model.
    pub streamed: usize,
    /// Bytes of layers that were streamed.
    pub sent_bytes: u64,
    /// Why it was not the shortest route. Untrusted text.
    pub reason: Option<String>,
}

impl Transfer {
    /// A push by the Docker daemon, for a reason.
    pub fn by_daemon(reason: String) -> Self {
        Self { route: PublishRoute::Daemon, present: 0, mounted: 0, streamed: 0, sent_bytes: 0, reason: Some(reason) }
    }
}

/// How a version reaches its model, the shortest route first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublishRoute {
    /// Within the registry: no layer was sent.
    Mounted,
    /// Within the registry, but layers were streamed from one model to the other.
    Streamed,
    /// Pushed by the Docker daemon.
    Daemon,
}

/// The deployment after the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentReport {
    /// `owner/name`.
    pub name: String,
    pub change: DeploymentChange,
    /// The release's number afterwards.
    pub release: Option<u64>,
    /// Its version before, for a rollback.
    pub previous_version: Option<VersionRef>,
}

/// What happened to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentChange {
    /// It did not exist and was created.
    Created,
    /// It got the new version.
    Updated,
    /// It already ran the version.
    Unchanged,
    /// It got the new version, which failed there, and runs the one before again.
    Restored,
}

/// An error with its fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// The chain of causes, outermost first, joined by `: `.
    pub message: String,
    /// The fix.
    pub hint: Option<String>,
}

/// The stages of a model's run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Checks without a build.
    Inspect,
    /// Project folder to image.
    Build,
    /// Push to the test model.
    Stage,
    /// Predictions.
    Verify,
    /// Push to the live model.
    Publish,
    /// The deployment.
    Deploy,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [Self::Inspect, Self::Build, Self::Stage, Self::Verify, Self::Publish, Self::Deploy];

    /// The stage's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inspect => "inspect",
            Self::Build => "build",
            Self::Stage => "stage",
            Self::Verify => "verify",
            Self::Publish => "publish",
            Self::Deploy => "deploy",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageStatus {
    /// It succeeded.
    Passed,
    /// It found something that stops the push.
    Failed,
    /// It could not do its work.
    Errored,
    /// It was canceled.
    Cancelled,
    /// It was not needed, or an earlier stage stopped the run.
    Skipped,
}

/// One stage of one model's run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageReport {
    pub stage: Stage,
    pub status: StageStatus,
    pub duration: Duration,
    /// One line about it, such as the image's size or the reason for skipping it.
    pub note: Option<String>,
}

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    /// As expected.
    Passed,
    /// Not as expected: a result.
    Failed,
    /// Failed once, and passed when repeated.
    Flaky,
    /// The platform kept it from finishing.
    Errored,
    /// Stopped before it finished.
    Cancelled,
    /// Never started.
    Skipped,
}

impl CaseStatus {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Flaky => "flaky",
            Self::Errored => "errored",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }
}

/// One prediction of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// The prediction's id; `None` if its inputs were rejected.
    pub prediction: Option<PredictionId>,
    /// The page for people.
    pub url: Option<String>,
    pub output: Option<Value>,
    /// The prediction's error.
    pub error: Option<String>,
    /// The last lines of its logs.
    pub logs_tail: String,
    /// Why the attempt did not pass; `None` if it did.
    pub reason: Option<String>,
    /// From creation until it finished.
    pub duration: Duration,
    /// Metrics as reported, with `predict_time` in seconds.
    pub metrics: Map<String, Value>,
}

/// Lines of a file that explain a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLines {
    /// The file, relative to the repository.
    pub file: String,
    /// The line that matters, from 1.
    pub line: u32,
    /// The number of the first line of `lines`.
    pub first: u32,
    pub lines: Vec<String>,
}

/// The result of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseReport {
    pub id: CaseId,
    pub kind: CaseKind,
    pub status: CaseStatus,
    pub inputs: Inputs,
    pub expectation: Expectation,
    /// Where the configuration asks for it, if in a file.
    pub location: Option<Location>,
    /// Every attempt on the staged version, oldest first. The last one decides.
    pub attempts: Vec<Attempt>,
    /// In a comparison, the attempt on the live version.
    pub live: Option<Attempt>,
    /// Remarks of the checks, one line each, whether it passed or not: measurements, the judge's reason.
    pub remarks: Vec<String>,
    /// The files of the deciding attempt's output.
    pub files: Vec<OutputFile>,
    /// The files of the live version's output, for a comparison.
    pub live_files: Vec<OutputFile>,
    /// The pairs of files that were compared.
    pub comparisons: Vec<OutputComparison>,
    /// The minimal inputs that still fail, for a fuzz case.
    pub minimal_inputs: Option<Inputs>,
    /// The shell command that reproduces the failure, without secrets.
    pub reproduction: Option<String>,
    /// The source lines that a failure is about.
    pub sources: Vec<SourceLines>,
    /// From the first attempt's creation to the verdict.
    pub duration: Duration,
}

impl CaseReport {
    /// The attempt that decided.
    pub fn last_attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }
}
