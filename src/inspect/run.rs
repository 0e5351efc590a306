//! The inspection itself, cheapest truth first.

use cog_findings::{Finding, SourceMap};
use cog_schema::{CompatOptions, compare, lint};
use cog_source::project::Project;
use cog_source::python::SignatureError;
use cog_source::sdk::SchemaSource;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::ruff::{self, RuffOutcome, Tools};
use super::signature::{describe, in_repository, places_in_repository};
use super::{InspectError, LiveVersion, build_plan, hardware, load_project, policy};
use crate::clients::replicate::Hardware;
use crate::domain::plan::{InspectPlan, ModelPlan};

/// What is to be inspected.
#[derive(Debug, Clone, Copy)]
pub struct InspectRequest<'a> {
    /// The plan.
    pub plan: &'a ModelPlan,
    /// What reading the configuration found.
    pub config_findings: &'a [Finding],
    /// What users have now, when it is known.
    pub live: Option<&'a LiveVersion>,
    /// The hardware that the account may use, when it was asked for.
    pub hardware: Option<&'a [Hardware]>,
    /// Programs that are started.
    pub tools: &'a Tools,
}

/// Where the parts of a schema stand in the source.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Places {
    /// Of the predictor.
    pub predict: SourceMap,
    /// Of the trainer.
    pub train: SourceMap,
}

/// An inspected project.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// The project.
    pub project: Project,
    /// Its schema; `None` when only the built image can tell it (SDKs before 0.19), or the source does not.
    pub schema: Option<Value>,
    /// How many predictions the predictor's decorator lets run at once.
    pub concurrency: Option<u32>,
    /// Where the schema's parts stand.
    pub places: Places,
    /// What was found, gravest first, after the repository's policy.
    pub findings: Vec<Finding>,
    /// What the policy dropped.
    pub ignored: Vec<Finding>,
    /// What became of Ruff.
    pub ruff: RuffOutcome,
}

/// What there is to say, after the policy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PolicyFindings {
    /// Kept, gravest first.
    pub findings: Vec<Finding>,
    /// Dropped.
    pub ignored: Vec<Finding>,
}

/// Inspects a project. Everything that can be told is told at once.
pub async fn inspect(request: &InspectRequest<'_>, cancelled: &CancellationToken) -> Result<Inspected, InspectError> {
    let plan = request.plan;
    let shown_as = shown_folder(plan);
    let (project, config_findings) = load_project(&plan.project, &shown_as, plan.build.cog_version.as_deref()).await?;
    let mut findings: Vec<Finding> = request.config_findings.to_vec();
    if !config_findings.iter().any(Finding::is_error) {
        findings.extend(build_plan::check(&project, &plan.build));
    }
    findings.extend(config_findings);
    if let Some(known) = request.hardware {
        findings.extend(hardware::check(plan, known));
    }
    let ruff = if plan.inspect.no_lint {
        RuffOutcome::NotWanted
    } else {
        let (outcome, complaints) = ruff::run(&project, request.tools, cancelled).await?;
        findings.extend(complaints.into_iter().map(|finding| in_repository(finding, &project)));
        outcome
    };
    let FromSource { schema, concurrency, places } = static_schema(&project, &mut findings);
    if let Some(schema) = &schema {
        findings.extend(about_schema(schema, &places, request.live));
    }
    let (findings, ignored) = policy::apply(findings, &plan.inspect);
    Ok(Inspected { project, schema, concurrency, places, findings, ignored, ruff })
}

/// The same for a schema that only the built image could tell.
pub fn inspect_schema(schema: &Value, places: &Places, live: Option<&LiveVersion>, plan: &InspectPlan) -> PolicyFindings {
    let (findings, ignored) = policy::apply(about_schema(schema, places, live), plan);
    PolicyFindings { findings, ignored }
}

/// The same for what was found elsewhere.
pub fn apply_policy(findings: Vec<Finding>, plan: &InspectPlan) -> PolicyFindings {
    let (findings, ignored) = policy::apply(findings, plan);
    PolicyFindings { findings, ignored }
}

fn about_schema(schema: &Value, places: &Places, live: Option<&LiveVersion>) -> Vec<Finding> {
    let mut findings = lint(schema, &places.predict, &places.train);
    if let Some(old) = live.and_then(|live| live.schema.as_ref()) {
        let options = CompatOptions { train_source: places.train.clone(), ..CompatOptions::default() };
        findings.extend(compare(old, schema, &places.predict, &options));
    }
    findings
}

/// What the source tells.
#[derive(Default)]
struct FromSource {
    schema: Option<Value>,
    concurrency: Option<u32>,
    places: Places,
}

/// The schema that the source tells, where the SDK takes it from there.
fn static_schema(project: &Project, findings: &mut Vec<Finding>) -> FromSource {
    let nothing_to_describe = project.config.predict.is_none() && project.config.train.is_none();
    if project.sdk.schema_source() == SchemaSource::Image || nothing_to_describe {
        return FromSource::default();
    }
    match describe(project, false) {
        Ok(description) => {
            findings.extend(description.warnings.into_iter().map(|finding| in_repository(finding, project)));
            let places = Places {
                predict: places_in_repository(description.predict_places, project),
                train: places_in_repository(description.train_places, project),
            };
            let concurrency = description.predict.and_then(|signature| signature.concurrency);
            FromSource { schema: Some(description.document), concurrency, places }
        }
        Err(errors) => {
            findings.extend(errors.iter().map(SignatureError::finding).map(|finding| in_repository(finding, project)));
            FromSource::default()
        }
    }
}

/// The project's folder as findings name it: its path, unless it is the folder the program was started in or stands outside of it.
fn shown_folder(plan: &ModelPlan) -> String {
    if plan.project.is_relative() { plan.project.display().to_string() } else { String::new() }
}
