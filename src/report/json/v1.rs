//! The types of `run.json`, version 1. Members may be added; none is renamed, removed or given another meaning.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::report::{CaseStatus, DeploymentChange, Stage, StageStatus};
use crate::domain::verdict::Verdict;

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// `safe-push/v1`.
    pub schema: String,
    /// The version of safe-push that ran.
    pub tool_version: String,
    /// RFC 3339, in UTC.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How it ended: the gravest of its models.
    pub verdict: Verdict,
    /// The process's exit code.
    pub exit_code: u8,
    /// Facts about the run as a whole.
    pub notices: Vec<String>,
    /// The models, in the order they were asked for.
    pub models: Vec<Model>,
}

/// One model's run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Model {
    /// The live model, `owner/name`.
    pub model: String,
    /// The name by which people select it.
    pub name: String,
    /// Its configuration file, relative to the repository.
    pub config: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// The versions it is about.
    pub versions: Versions,
    /// The layers that were tested beside those that were published, once both are there.
    pub layers: Option<Layers>,
    /// The deployment that follows, when one was asked for and reached.
    pub deployment: Option<Deployment>,
    /// The stages in order.
    pub stages: Vec<StageEntry>,
    /// What the checks found, gravest first.
    pub findings: Vec<FindingEntry>,
    /// What was found but ignored by settings.
    pub ignored: Vec<FindingEntry>,
    /// The cases, in the order of the plan.
    pub cases: Vec<Case>,
    /// The seed that repeats made inputs.
    pub seed: Option<u64>,
    /// What it cost.
    pub cost: Cost,
    /// What went wrong, when it ended in an error rather than a result.
    pub error: Option<ErrorEntry>,
}

/// Versions as `owner/name:id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Versions {
    /// The staged version that was tested.
    pub test: Option<String>,
    /// The published version.
    pub live: Option<String>,
    /// The version of the official model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub official: Option<String>,
    /// The live version before the run: the way back.
    pub previous: Option<String>,
    /// What test trainings left behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trained: Vec<String>,
}

/// Digests of layers as the registry holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Layers {
    /// Of the staged version.
    pub staged: Vec<String>,
    /// Of the published version.
    pub published: Vec<String>,
    /// Whether both are the same, in the same order.
    pub equal: bool,
}

/// A deployment after the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deployment {
    /// `owner/name`.
    pub name: String,
    /// What was done.
    pub change: DeploymentChange,
    /// The release's number afterwards.
    pub release: Option<u64>,
    /// The version it ran before, as `owner/name:id`.
    pub previous: Option<String>,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageEntry {
    /// Which.
    pub name: Stage,
    /// How it ended.
    pub status: StageStatus,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// One line about it.
    pub note: Option<String>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingEntry {
    /// The rule's code, as in `SP101`.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// The file, relative to the repository.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column in characters, from 1.
    pub column: Option<u32>,
    /// The column behind the last character, on the same line.
    pub end_column: Option<u32>,
    /// The way out.
    pub hint: Option<String>,
    /// More facts, each with a label.
    pub details: Vec<Detail>,
    /// The line at fault, as it was at the time of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Should be looked at.
    Warning,
    /// Stops the push.
    Error,
}

impl Severity {
    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A labelled fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Detail {
    /// The label.
    pub label: String,
    /// The fact.
    pub value: String,
}

/// A case. `output`, `error`, `prediction_id`, `url` and `metrics` are those of the attempt that decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Case {
    /// Its name within the model.
    pub id: String,
    /// `warm-up`, `case`, `compare`, `fuzz`, `train` or `train-fuzz`.
    pub kind: String,
    /// How it ended.
    pub status: CaseStatus,
    /// What was sent.
    pub inputs: Map<String, Value>,
    /// How it was judged: `none`, or the key of the configuration.
    pub checker: String,
    /// What the checker was given.
    pub expected: Option<String>,
    /// The output.
    pub output: Option<Value>,
    /// The prediction's error.
    pub error: Option<String>,
    /// Why it did not pass.
    pub reason: Option<String>,
    /// The prediction.
    pub prediction_id: Option<String>,
    /// Its page for people.
    pub url: Option<String>,
    /// From the first attempt's creation to the verdict, in milliseconds.
    pub duration_ms: u64,
    /// Metrics as reported.
    pub metrics: Map<String, Value>,
    /// The last lines of its logs.
    pub logs: String,
    /// Every try, oldest first.
    pub attempts: Vec<Attempt>,
    /// The same inputs on the live version.
    pub live: Option<Attempt>,
    /// What the checks said about it.
    pub remarks: Vec<String>,
    /// The files of the output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileEntry>,
    /// The files of the live version's output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub live_files: Vec<FileEntry>,
    /// The pairs of files that were compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<ComparisonEntry>,
    /// The smallest inputs that still fail, for made inputs.
    pub minimal_inputs: Option<Map<String, Value>>,
}

/// One file of an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileEntry {
    /// Where it stands in the output: `output`, `output[0].mask`.
    pub place: String,
    /// Its address, which stops working within an hour; data addresses are shortened.
    pub url: String,
    /// `image`, `audio`, `video`, `text`, `json` or `binary`.
    pub kind: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Facts in a few words each.
    pub facts: Vec<String>,
    /// A small copy as a `data:` address of a type that safe-push chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
}

/// Two files that were compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparisonEntry {
    /// Where the file stands in the output.
    pub place: String,
    /// `live` or `wanted`.
    pub with: String,
    /// `image`, `audio`, `video`, `text`, `json` or `binary`.
    pub kind: String,
    /// Whether they count as the same.
    pub same: bool,
    /// Why they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The numbers.
    pub measurements: Vec<MeasurementEntry>,
    /// Where two pictures differ, as a `data:` address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heat_map: Option<String>,
}

/// One number that a comparison gave. At most one of the two thresholds is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeasurementEntry {
    /// What was measured, with the unit.
    pub name: String,
    /// The number; absent when it is not finite.
    pub value: Option<f64>,
    /// The number may not be greater.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// The number may not be less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Whether it keeps to its threshold.
    pub holds: bool,
}

/// One prediction of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// The prediction; absent when the inputs were refused.
    pub prediction_id: Option<String>,
    /// Its page for people.
    pub url: Option<String>,
    /// The output.
    pub output: Option<Value>,
    /// The prediction's error.
    pub error: Option<String>,
    /// Why it did not pass.
    pub reason: Option<String>,
    /// From creation to the end, in milliseconds.
    pub duration_ms: u64,
}

/// What was spent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Predictions and trainings created.
    pub predictions: u64,
    /// Of those, repeats after an error of the platform.
    pub platform_retries: u64,
    /// Seconds of run time.
    pub predict_seconds: f64,
    /// An estimate from public prices.
    pub estimated_usd: Option<f64>,
}

/// An error with the way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorEntry {
    /// What happened, with its causes.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}
