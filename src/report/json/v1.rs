//! The types of `run.json`, version 1. Fields may be added, but are never renamed, removed or given another meaning.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::before_after::{Aspect, Trend};
use crate::domain::page::PageChange;
use crate::domain::report::{CaseStatus, DeploymentChange, PublishRoute, Stage, StageStatus};
use crate::domain::verdict::Verdict;

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// `safe-push/v1`.
    pub schema: String,
    /// The version of safe-push that ran.
    pub tool_version: String,
    /// RFC 3339, in UTC.
    pub started_at: String,
    /// The duration in milliseconds.
    pub duration_ms: u64,
    /// The most severe verdict of its models.
    pub verdict: Verdict,
    /// The exit code of the process.
    pub exit_code: u8,
    /// Facts about the run as a whole.
    pub notices: Vec<String>,
    /// The models, in the requested order.
    pub models: Vec<Model>,
    /// The error, when the run ended before its models could be run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorEntry>,
    /// The findings of such an error.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingEntry>,
    /// Where the run comes from, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Earlier runs of its models, oldest first, in a report of several runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<EarlierRun>,
}

/// A model's run before the one that the report is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EarlierRun {
    /// The model's name on the command line.
    pub name: String,
    /// The live model, `owner/name`.
    pub model: String,
    /// RFC 3339, in UTC.
    pub started_at: String,
    /// The commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// The duration of its stages in milliseconds.
    pub duration_ms: u64,
    /// The cost.
    pub cost: Cost,
    /// Its cases.
    pub cases: Vec<EarlierCase>,
}

/// A case of an earlier run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EarlierCase {
    /// The name within the model.
    pub id: String,
    /// The status.
    pub status: CaseStatus,
    /// The run time in seconds without waiting, of the attempt that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predict_seconds: Option<f64>,
}

/// Where a run comes from. Fields that are not known are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// The repository on GitHub, as `owner/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The commit. For a pull request that is its head, not the merge that is checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The commit's page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_url: Option<String>,
    /// The branch or tag. For a pull request that is its head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The number of the pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<u64>,
    /// The pull request's page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request_url: Option<String>,
    /// The page of the run of CI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci_run_url: Option<String>,
    /// The account on GitHub that started the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

/// One model's run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Model {
    /// The live model, `owner/name`.
    pub model: String,
    /// The name that selects it on the command line.
    pub name: String,
    /// Its configuration file, relative to the repository.
    pub config: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// The versions that the run created or found.
    pub versions: Versions,
    /// The tested and the published layers, once both exist.
    pub layers: Option<Layers>,
    /// How the layers reached the live model, once they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferEntry>,
    /// What `safe-push promote` takes to publish the tested version without another test. Sealed with a key of the CLI token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tested_record: Option<String>,
    /// The deployment, when one was requested and reached.
    pub deployment: Option<Deployment>,
    /// The README of the model's page, when a file was named for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<PageEntry>,
    /// The stages in order.
    pub stages: Vec<StageEntry>,
    /// The findings, most severe first.
    pub findings: Vec<FindingEntry>,
    /// The findings that settings ignore.
    pub ignored: Vec<FindingEntry>,
    /// The cases, in planned order.
    pub cases: Vec<Case>,
    /// What the outputs do not show, on the live version and on the new one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before_after: Vec<BeforeAfterEntry>,
    /// What the run did not check, one line each: skipped stages and cases, comparisons that were not possible.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchecked: Vec<String>,
    /// The seed that reproduces the fuzz inputs.
    pub seed: Option<u64>,
    /// The cost.
    pub cost: Cost,
    /// The error, when the run ended in one instead of a result.
    pub error: Option<ErrorEntry>,
}

/// The README of a model's page, compared with a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageEntry {
    /// The file, relative to the repository.
    pub file: String,
    /// `unchanged`, `updated`, `would_update` or `failed`.
    pub change: PageChange,
    /// The lines that differ, each after `-` or `+`.
    pub diff: Vec<String>,
    /// The description that goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Why the page could not be read or written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
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
    /// The live version, if it has the same source, base image and schema: nothing was tested or published then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchanged: Option<String>,
    /// The live version before the run, for a rollback.
    pub previous: Option<String>,
    /// The versions that test trainings created.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trained: Vec<String>,
}

/// Digests of layers in the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Layers {
    /// The layers of the staged version.
    pub staged: Vec<String>,
    /// The layers of the published version.
    pub published: Vec<String>,
    /// Whether both are the same, in the same order.
    pub equal: bool,
}

/// How the layers of the published version reached the live model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransferEntry {
    /// `mounted`: within the registry, without sending a layer; `streamed`: within the registry, but layers were sent; `daemon`: pushed by
    /// the Docker daemon.
    pub route: PublishRoute,
    /// The layers that the model had. 0 for a push by the daemon.
    pub present: usize,
    /// The layers that the registry mounted from the test model. 0 for a push by the daemon.
    pub mounted: usize,
    /// The layers that were streamed from the test model. 0 for a push by the daemon.
    pub streamed: usize,
    /// The bytes of layers that were streamed.
    pub sent_bytes: u64,
    /// Why layers were not mounted.
    pub reason: Option<String>,
}

/// A deployment after the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deployment {
    /// `owner/name`.
    pub name: String,
    /// What happened to it.
    pub change: DeploymentChange,
    /// The number of the release afterwards.
    pub release: Option<u64>,
    /// The version before, as `owner/name:id`.
    pub previous: Option<String>,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageEntry {
    /// The stage.
    pub name: Stage,
    /// The status.
    pub status: StageStatus,
    /// The duration in milliseconds.
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
    /// The problem.
    pub message: String,
    /// The file, relative to the repository.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column in characters, from 1.
    pub column: Option<u32>,
    /// The column after the last character, on the same line.
    pub end_column: Option<u32>,
    /// The fix.
    pub hint: Option<String>,
    /// More facts, each with a label. Those of `schema_change` come first.
    pub details: Vec<Detail>,
    /// The change of the schema that the finding is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_change: Option<SchemaChangeEntry>,
    /// The source line at the time of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Worth fixing; does not stop a push.
    Warning,
    /// Stops the push.
    Error,
}

impl Severity {
    /// The word in `run.json` and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A change between the schema of the live version and that of the new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchemaChangeEntry {
    /// `predict` or `train`.
    pub method: String,
    /// The part that changed: `input steps`, `output.items`.
    pub part: String,
    /// The input that the part belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// What changed: `added`, `removed`, `required`, `type`, `maximum`, `default` and so on.
    pub kind: String,
    /// The live version's side.
    pub old: String,
    /// The new version's side.
    pub new: String,
    /// Who breaks; absent when nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaks: Option<String>,
}

impl SchemaChangeEntry {
    /// The change as the labeled facts that a finding's details start with.
    pub fn details(&self) -> Vec<Detail> {
        let detail = |label: &str, value: &String| Detail { label: label.to_owned(), value: value.clone() };
        let mut details = vec![detail("path", &self.part), detail("old", &self.old), detail("new", &self.new)];
        details.extend(self.breaks.as_ref().map(|breaks| detail("breaks", breaks)));
        details
    }
}

/// A labeled fact.
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
    /// The name within the model: the one that its author gave it, or its kind and number.
    pub id: String,
    /// `warm-up`, `case`, `compare`, `fuzz`, `train` or `train-fuzz`.
    pub kind: String,
    /// The status.
    pub status: CaseStatus,
    /// The inputs that were sent.
    pub inputs: Map<String, Value>,
    /// The checker: `none`, or its key in the configuration.
    pub checker: String,
    /// The value that the checker expects.
    pub expected: Option<String>,
    /// The output.
    pub output: Option<Value>,
    /// The prediction's error.
    pub error: Option<String>,
    /// The reason of a failure.
    pub reason: Option<String>,
    /// The id of the prediction.
    pub prediction_id: Option<String>,
    /// The prediction's page on the web.
    pub url: Option<String>,
    /// The time from creating the first attempt to the verdict, in milliseconds.
    pub duration_ms: u64,
    /// The metrics that Replicate reported.
    pub metrics: Map<String, Value>,
    /// The last lines of its logs.
    pub logs: String,
    /// Every attempt, oldest first.
    pub attempts: Vec<Attempt>,
    /// The prediction with the same inputs on the live version.
    pub live: Option<Attempt>,
    /// Remarks of the checks.
    pub remarks: Vec<String>,
    /// The files of the output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileEntry>,
    /// The files of the live version's output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub live_files: Vec<FileEntry>,
    /// The comparisons of files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<ComparisonEntry>,
    /// The minimal failing inputs, for fuzz inputs.
    pub minimal_inputs: Option<Map<String, Value>>,
    /// The shell command that reproduces the failure. It names the token as a variable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproduction: Option<String>,
    /// The configuration file that asks for the case, relative to the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in that file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The source lines that a failure is about: of the configuration, and of the model where it raised an exception.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceEntry>,
}

/// Lines of a file that explain a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceEntry {
    /// The file, relative to the repository.
    pub file: String,
    /// The line that matters, from 1.
    pub line: u32,
    /// The number of the first of `lines`.
    pub first_line: u32,
    /// The lines, without line breaks.
    pub lines: Vec<String>,
}

/// A longer command is not shown where people read: it has files in it.
const SHOWN_COMMAND_BYTES: usize = 4000;

impl Case {
    /// The command that reproduces the failure of a fuzz input, if it is short enough to be read. Others are in the configuration, and
    /// have their command where it can be copied.
    pub fn short_reproduction(&self) -> Option<&str> {
        let is_fuzz = matches!(self.kind.as_str(), "fuzz" | "train-fuzz");
        self.reproduction.as_deref().filter(|_| is_fuzz).filter(|command| command.len() <= SHOWN_COMMAND_BYTES)
    }

    /// Why the case did not pass, or why the first attempt of a flaky case did not.
    pub fn failure(&self) -> Option<&str> {
        let first = || self.attempts.iter().find_map(|attempt| attempt.reason.as_deref());
        match self.status {
            CaseStatus::Flaky => first(),
            _ => self.reason.as_deref().or(self.error.as_deref()).or_else(first),
        }
    }
}

/// One file of an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileEntry {
    /// The path within the output: `output`, `output[0].mask`.
    pub place: String,
    /// Its URL, which stops working within an hour; `data:` URLs are shortened.
    pub url: String,
    /// `image`, `audio`, `video`, `text`, `json` or `binary`.
    pub kind: String,
    /// The size in bytes.
    pub size_bytes: u64,
    /// Short facts: `64 x 48 pixels`.
    pub facts: Vec<String>,
    /// A preview as a `data:` URL of a type that safe-push chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
}

/// A comparison of two files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparisonEntry {
    /// The path of the file within the output.
    pub place: String,
    /// `live` or `wanted`.
    pub with: String,
    /// `image`, `audio`, `video`, `text`, `json` or `binary`.
    pub kind: String,
    /// Whether they are similar enough to count as the same.
    pub same: bool,
    /// The difference, when they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The measurements.
    pub measurements: Vec<MeasurementEntry>,
    /// Where two images differ, as a `data:` URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heat_map: Option<String>,
    /// A preview of the expected file, as a `data:` URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Where two texts or JSON documents differ, as the hunks of a unified diff: `-` the live version or the expected file, `+` the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
}

/// A measurement of a comparison, with at most one of the two limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeasurementEntry {
    /// The name, ending with the unit.
    pub name: String,
    /// The number; `null` when it is not finite.
    pub value: Option<f64>,
    /// The upper limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// The lower limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Whether the number is within its limit.
    pub holds: bool,
}

/// One prediction of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// The id of the prediction; `null` when the inputs were rejected.
    pub prediction_id: Option<String>,
    /// The prediction's page on the web.
    pub url: Option<String>,
    /// The output.
    pub output: Option<Value>,
    /// The prediction's error.
    pub error: Option<String>,
    /// The reason of a failure.
    pub reason: Option<String>,
    /// The time from creation to completion, in milliseconds.
    pub duration_ms: u64,
    /// The run time without waiting, in seconds, as Replicate reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predict_seconds: Option<f64>,
}

/// One aspect of the live version and of the new one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BeforeAfterEntry {
    /// The aspect: times in seconds, sizes in bytes, cost in US dollars per prediction.
    pub aspect: Aspect,
    /// The value of the live version; `null` when it is unknown.
    pub before: Option<f64>,
    /// The value of the new version; `null` when it is unknown.
    pub after: Option<f64>,
    /// Whether it became better or worse.
    pub trend: Trend,
    /// How certain that is, or why it was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The cost of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Predictions and trainings created.
    pub predictions: u64,
    /// Those of them that were repeated after a platform error.
    pub platform_retries: u64,
    /// The run time in seconds.
    pub predict_seconds: f64,
    /// The estimated price, from public prices.
    pub estimated_usd: Option<f64>,
}

/// An error with its fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorEntry {
    /// The error with its causes.
    pub message: String,
    /// The fix.
    pub hint: Option<String>,
}
