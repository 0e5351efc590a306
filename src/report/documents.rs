//! What commands print with `--format json`: types with frozen names, each with a JSON Schema in `schemas/`.
//!
//! [`PrintedDocument`] is what the CLI prints as JSON, so a document without a schema does not compile. Fields are added, never renamed or
//! removed. `run.json` is in `json::v1`; formats of others (OpenAPI, SARIF) have schemas of their own.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use crate::report::canary::CanaryFlight;
use crate::report::cleanup::CleanupJson;
use crate::report::json::v1::{FindingEntry, MeasurementEntry, Run};

/// A document that a command prints, described by a schema of [`DOCUMENTS`].
pub(crate) trait PrintedDocument: Serialize + JsonSchema {}

/// What one or several commands print with `--format json`.
#[derive(Debug, Clone, Copy)]
pub struct DocumentSchema {
    /// The file of the schema, relative to the repository.
    pub path: &'static str,
    /// The commands that print it.
    pub commands: &'static [&'static str],
    /// What it holds.
    pub content: &'static str,
    schema: fn() -> Value,
}

impl DocumentSchema {
    const fn of<T: PrintedDocument>(path: &'static str, commands: &'static [&'static str], content: &'static str) -> Self {
        Self { path, commands, content, schema: generate::<T> }
    }

    /// The JSON Schema, draft 2020-12.
    pub fn schema(&self) -> Value {
        let mut schema = (self.schema)();
        schema["title"] = format!("safe-push {} --format json", self.commands.join(", ")).into();
        schema
    }
}

/// The documents, but for `run.json`.
pub const DOCUMENTS: &[DocumentSchema] = &[
    DocumentSchema::of::<Examinations>(
        "schemas/doctor.schema.json",
        &["doctor", "login"],
        "What this machine and the tokens can do, with the fixes",
    ),
    DocumentSchema::of::<Selected>(
        "schemas/select.schema.json",
        &["select"],
        "The models of a request, and a matrix for a workflow",
    ),
    DocumentSchema::of::<Findings>("schemas/findings.schema.json", &["schema diff", "schema lint"], "Findings, as in `run.json`"),
    DocumentSchema::of::<Dockerfile>(
        "schemas/dockerfile.schema.json",
        &["image dockerfile"],
        "The Dockerfile, and the reason for each decision",
    ),
    DocumentSchema::of::<ComparedFiles>(
        "schemas/compare.schema.json",
        &["compare"],
        "Whether two files are the same, with measurements",
    ),
    DocumentSchema::of::<RuleEntries>("schemas/rules.schema.json", &["rules"], "The rules that findings refer to"),
    DocumentSchema::of::<CanaryFlight>("schemas/canary.schema.json", &["canary"], "The steps of a canary run"),
    DocumentSchema::of::<CleanupJson>("schemas/clean.schema.json", &["clean"], "What was removed, and what that freed"),
    DocumentSchema::of::<SandboxVariables>(
        "schemas/sandbox.schema.json",
        &["sandbox"],
        "The variables that point a program at the sandbox",
    ),
    DocumentSchema::of::<PredictionLogs>("schemas/logs.schema.json", &["logs"], "A prediction with what it printed"),
];

fn generate<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
}

impl PrintedDocument for Run {}
impl PrintedDocument for CanaryFlight {}
impl PrintedDocument for CleanupJson {}

/// The checks, in order.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Examinations(pub(crate) Vec<ExaminationEntry>);

impl PrintedDocument for Examinations {}

/// One check.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ExaminationEntry {
    /// The subject: a service, a token or a model.
    pub(crate) check: String,
    /// The state of the subject.
    pub(crate) state: ExaminationState,
    /// The result.
    pub(crate) message: String,
    /// The fix.
    pub(crate) fix: Option<String>,
}

/// The state of what was checked.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExaminationState {
    /// Nothing has to be done.
    Ok,
    /// Some commands do less, or another value is likely meant.
    Warning,
    /// Some commands cannot work.
    Failed,
    /// It could not be checked, or is not needed here.
    Skipped,
}

/// The models of a request.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Selected {
    /// Their names.
    pub(crate) models: Vec<String>,
    /// The number of models.
    pub(crate) count: usize,
    /// Whether any model was chosen.
    pub(crate) any: bool,
    /// For `strategy.matrix: ${{ fromJSON(...) }}` of a workflow.
    pub(crate) matrix: Value,
    /// Why each model counts as changed, when `changed` was asked for.
    pub(crate) reasons: BTreeMap<String, String>,
    /// Notices for people.
    pub(crate) notices: Vec<String>,
}

impl PrintedDocument for Selected {}

/// Findings, in the order of their severity and place.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Findings(pub(crate) Vec<FindingEntry>);

impl PrintedDocument for Findings {}

/// The Dockerfile of a model.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Dockerfile {
    /// Its text.
    pub(crate) dockerfile: String,
    /// The decisions behind it.
    pub(crate) decisions: Vec<DecisionEntry>,
}

impl PrintedDocument for Dockerfile {}

/// One decision about a Dockerfile.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DecisionEntry {
    /// The subject of the decision.
    pub(crate) what: String,
    /// The choice.
    pub(crate) chosen: String,
    /// The reason.
    pub(crate) because: String,
}

/// Two files, compared.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ComparedFiles {
    /// Whether they count as the same.
    pub(crate) same: bool,
    /// What they were compared as, such as `image`.
    pub(crate) kind: String,
    /// Why they differ.
    pub(crate) reason: Option<String>,
    /// The measurements.
    pub(crate) measurements: Vec<MeasurementEntry>,
    /// Further remarks.
    pub(crate) remarks: Vec<String>,
}

impl PrintedDocument for ComparedFiles {}

/// Rules, in the order of their codes within each chapter.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct RuleEntries(pub(crate) Vec<RuleEntry>);

impl PrintedDocument for RuleEntries {}

/// A rule that findings refer to.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RuleEntry {
    /// The stable code, as in `SP101`.
    pub(crate) code: String,
    /// The name in kebab case.
    pub(crate) name: String,
    /// `error`, `warning` or `note`.
    pub(crate) severity: String,
    /// The problem in one sentence.
    pub(crate) summary: String,
    /// Who is affected, and why.
    pub(crate) why: String,
    /// An example in Markdown.
    pub(crate) example: String,
    /// The section of the documentation.
    pub(crate) url: Option<String>,
}

/// The variables that point a program at the sandbox. The tokens open nothing else.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) struct SandboxVariables {
    /// The URL of the API.
    pub(crate) replicate_base_url: String,
    /// The host of the registry.
    pub(crate) replicate_registry: String,
    /// The token for the API.
    pub(crate) replicate_api_token: String,
    /// The token for the registry.
    pub(crate) cog_token: String,
}

impl PrintedDocument for SandboxVariables {}

/// A prediction with what it printed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PredictionLogs {
    /// The id of the prediction.
    pub(crate) id: String,
    /// Its status, as Replicate reports it.
    pub(crate) status: String,
    /// The version that ran it. May be `hidden`.
    pub(crate) version: Option<String>,
    /// The error, when it failed.
    pub(crate) error: Option<String>,
    /// Its logs.
    pub(crate) logs: String,
    /// How long the model ran, in seconds.
    pub(crate) predict_seconds: Option<f64>,
    /// Its page.
    pub(crate) url: Option<String>,
}

impl PrintedDocument for PredictionLogs {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_document_has_a_file_and_commands_of_its_own() {
        let paths: BTreeSet<_> = DOCUMENTS.iter().map(|document| document.path).collect();
        assert_eq!(paths.len(), DOCUMENTS.len());
        let commands: Vec<_> = DOCUMENTS.iter().flat_map(|document| document.commands).collect();
        assert_eq!(commands.iter().collect::<BTreeSet<_>>().len(), commands.len(), "{commands:?}");
    }
}
