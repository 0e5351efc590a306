//! Runs the inspection, cheapest checks first.

use cog_findings::{Finding, Severity, SourceMap};
use cog_schema::{CompatOptions, compare, lint, read};
use cog_source::project::Project;
use cog_source::python::Input;
use cog_source::sdk::SchemaSource;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::ruff::{self, RuffOutcome, Tools};
use super::signature::{describe, finding_of, foresee, in_repository, newer_syntax, source_map_in_repository};
use super::{InspectError, LiveVersion, build_plan, echoes, hardware, kernels, load_project, policy, sdk_drift};
use crate::clients::replicate::Hardware;
use crate::domain::plan::{InspectPlan, ModelPlan};

/// A project to inspect.
#[derive(Debug, Clone, Copy)]
pub struct InspectRequest<'a> {
    pub plan: &'a ModelPlan,
    /// Findings from reading the configuration.
    pub config_findings: &'a [Finding],
    /// The live version, if it is known.
    pub live: Option<&'a LiveVersion>,
    /// A schema to compare with instead of the live version's.
    pub baseline: Option<&'a Value>,
    /// The account's hardware, if it was requested.
    pub hardware: Option<&'a [Hardware]>,
    /// The programs that the inspection runs.
    pub tools: &'a Tools,
}

/// Locates the inputs and outputs of a schema in the source.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourceMaps {
    /// Inputs and output of the predictor.
    pub predict: SourceMap,
    /// Inputs and output of the trainer.
    pub train: SourceMap,
}

/// An inspected project.
#[derive(Debug, Clone)]
pub struct Inspected {
    pub project: Project,
    /// Its schema; `None` if only the built image has it (SDKs before 0.19), or if the source has errors.
    pub schema: Option<Value>,
    /// The schema that the image will have, as far as the source shows it, for SDKs whose schema comes from the image.
    pub foreseen: Option<Value>,
    /// The number of concurrent predictions that the predictor's decorator allows.
    pub concurrency: Option<u32>,
    /// Locates the schema in the source.
    pub source_maps: SourceMaps,
    /// Inputs of predictions that are required although their default is `None`.
    pub none_defaults: Vec<String>,
    /// The findings after the repository's policy, most severe first.
    pub findings: Vec<Finding>,
    /// The findings that the policy ignores.
    pub ignored: Vec<Finding>,
    pub ruff: RuffOutcome,
}

/// Findings after the policy.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PolicyFindings {
    /// Kept, most severe first.
    pub(crate) findings: Vec<Finding>,
    pub(crate) ignored: Vec<Finding>,
}

/// Inspects a project and reports all findings at once.
pub async fn inspect(request: &InspectRequest<'_>, cancelled: &CancellationToken) -> Result<Inspected, InspectError> {
    let plan = request.plan;
    let (project, config_findings) = load_project(&plan.project, &plan.place, plan.build.cog_version.as_deref()).await?;
    let mut findings: Vec<Finding> = request.config_findings.to_vec();
    if !config_findings.iter().any(Finding::is_error) {
        findings.extend(build_plan::check(&project, &plan.build));
        findings.extend(kernels::check(plan, &project));
    }
    findings.extend(config_findings);
    findings.extend(match request.hardware {
        Some(known) => hardware::check(plan, known),
        None => hardware::check_spelling(plan),
    });
    let ruff = if plan.inspect.no_lint {
        RuffOutcome::Disabled
    } else {
        let (outcome, complaints) = ruff::run(&project, request.tools, plan.inspect.require_lint, cancelled).await?;
        findings.extend(complaints.into_iter().map(|finding| in_repository(finding, &project)));
        outcome
    };
    let FromSource { schema, foreseen, concurrency, source_maps, none_defaults } = static_schema(&project, &mut findings);
    if plan.build.dockerfile.is_none() && plan.build.image.is_none() {
        findings.extend(newer_syntax(&project));
    }
    if let Some(schema) = schema.as_ref().or(foreseen.as_ref()) {
        let old = request.baseline.or_else(|| request.live.and_then(|live| live.schema.as_ref()));
        findings.extend(about_schema(schema, &source_maps, old));
    }
    findings.extend(request.live.and_then(|live| sdk_drift::check(&project, &plan.build, live)));
    let findings = echoes::without(echoes::without(findings, &source_maps.predict), &source_maps.train);
    let (findings, ignored) = policy::apply(findings, &plan.inspect);
    Ok(Inspected { project, schema, foreseen, concurrency, source_maps, none_defaults, findings, ignored, ruff })
}

/// Inspects the schema of a built image, for SDKs that do not take it from the source.
pub(crate) fn inspect_schema(
    schema: &Value,
    source_maps: &SourceMaps,
    live: Option<&LiveVersion>,
    plan: &InspectPlan,
) -> PolicyFindings {
    let (findings, ignored) = policy::apply(about_schema(schema, source_maps, live.and_then(|live| live.schema.as_ref())), plan);
    PolicyFindings { findings, ignored }
}

/// Compares a schema with that of a version that appeared later.
pub(crate) fn compare_with(old: &Value, schema: &Value, source_maps: &SourceMaps, plan: &InspectPlan) -> PolicyFindings {
    let (findings, ignored) = policy::apply(compatibility(old, schema, source_maps), plan);
    PolicyFindings { findings, ignored }
}

/// Applies the policy to findings from elsewhere.
pub(crate) fn apply_policy(findings: Vec<Finding>, plan: &InspectPlan) -> PolicyFindings {
    let (findings, ignored) = policy::apply(findings, plan);
    PolicyFindings { findings, ignored }
}

fn about_schema(schema: &Value, source_maps: &SourceMaps, old: Option<&Value>) -> Vec<Finding> {
    let mut findings = lint(schema, &source_maps.predict, &source_maps.train);
    if let Some(old) = old {
        // A warning, because no change of the new version can mend the live one.
        let of_live = unread("the live version", old).into_iter().filter(Finding::is_error);
        findings.extend(of_live.map(|finding| finding.with_severity(Severity::Warning)));
        findings.extend(compatibility(old, schema, source_maps));
    }
    findings
}

/// The parts of a document that could not be read, so that they are not compared.
pub(crate) fn unread(document: &str, schema: &Value) -> Vec<Finding> {
    let named = |finding: Finding| Finding { message: format!("{document}: {}", finding.message), ..finding };
    read(schema).problems.into_iter().map(named).collect()
}

fn compatibility(old: &Value, schema: &Value, source_maps: &SourceMaps) -> Vec<Finding> {
    let options = CompatOptions { train_source: source_maps.train.clone(), ..CompatOptions::default() };
    compare(old, schema, &source_maps.predict, &options)
}

/// The part of the schema that the source determines.
#[derive(Default)]
struct FromSource {
    schema: Option<Value>,
    foreseen: Option<Value>,
    concurrency: Option<u32>,
    source_maps: SourceMaps,
    none_defaults: Vec<String>,
}

/// Reads the schema from the source, for SDKs that do so.
fn static_schema(project: &Project, findings: &mut Vec<Finding>) -> FromSource {
    let nothing_to_describe = project.config.predict.is_none() && project.config.train.is_none();
    if nothing_to_describe {
        return FromSource::default();
    }
    if project.sdk.schema_source() == SchemaSource::Image {
        let foreseen = foresee(project);
        findings.extend(foreseen.findings.into_iter().map(|finding| in_repository(finding, project)));
        let source_maps = SourceMaps {
            predict: source_map_in_repository(foreseen.predict_places, project),
            train: source_map_in_repository(foreseen.train_places, project),
        };
        return FromSource { foreseen: foreseen.document, source_maps, ..FromSource::default() };
    }
    match describe(project) {
        Ok(description) => {
            findings.extend(description.warnings.into_iter().map(|finding| in_repository(finding, project)));
            let source_maps = SourceMaps {
                predict: source_map_in_repository(description.predict_places, project),
                train: source_map_in_repository(description.train_places, project),
            };
            let concurrency = description.predict.as_ref().and_then(|signature| signature.concurrency);
            let inputs = description.predict.map(|signature| signature.inputs).unwrap_or_default();
            let none_defaults = inputs.into_iter().filter(Input::is_required_despite_none).map(|input| input.name).collect();
            FromSource { schema: Some(description.document), foreseen: None, concurrency, source_maps, none_defaults }
        }
        Err(errors) => {
            let found: Vec<Finding> = errors.iter().map(|error| finding_of(error, project)).collect();
            // Ruff reports the same syntax error, in more words.
            findings.retain(|finding| !is_syntax_of(finding, &found));
            findings.extend(found);
            FromSource::default()
        }
    }
}

/// Whether Ruff's finding is about the syntax of a file that could not be parsed anyway.
fn is_syntax_of(finding: &Finding, errors: &[Finding]) -> bool {
    let file = |finding: &Finding| finding.location.as_ref().map(|location| location.file.clone());
    let is_unparsable = |error: &&Finding| error.code.as_str() == cog_source::python::rules::UNPARSABLE.code;
    ruff::is_about_syntax(finding) && errors.iter().filter(is_unparsable).any(|error| file(error) == file(finding))
}
