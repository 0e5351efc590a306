//! The inspect stage: checks without a build.

use std::collections::BTreeSet;

use cog_findings::text::count;
use cog_findings::{Finding, Severity};
use futures::TryFutureExt as _;
use serde_json::Value;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::build::context_findings;
use crate::domain::events::EventKind;
use crate::domain::plan::ModelPlan;
use crate::domain::report::Stage;
use crate::domain::verdict::Verdict;
use crate::inspect::rules::{LINT_MISSING, LIVE_NOT_COMPARED, UNKNOWN_HARDWARE};
use crate::inspect::{InspectRequest, Inspected, Revision, RevisionError, Tools, apply_policy, inspect};
use crate::pipeline::case_files::{CaseFiles, Sending};
use crate::pipeline::context::RunContext;
use crate::pipeline::grace::{at_once, noticed_when_slow};
use crate::pipeline::lookup::{NotCompared, ReplicateFacts, look_up};
use crate::pipeline::record::{Done, ModelRecord, StageWork};
use crate::pipeline::stop::Stop;
use crate::pipeline::{Goal, WrittenKey};
use crate::verify::{VerifyError, VerifyServices, prove_judge};

/// Printed when Replicate takes long to answer.
const WAITING: &str = "still waiting for Replicate's API to answer";

/// The rule about a default of `None` on a type without `None`.
const DEFAULT_NONE: &str = "SP230";

/// A model that may be built.
pub(super) struct InspectedModel {
    /// The project and its findings.
    pub(super) inspected: Inspected,
    /// What Replicate reported about it.
    pub(super) replicate: ReplicateFacts,
    /// The key written into its files for the tests.
    pub(super) key: Option<WrittenKey>,
}

/// Inspects a model. Findings of severity error stop it.
pub(super) struct Inspecting<'a> {
    pub(super) goal: Goal<'a>,
}

impl StageWork for Inspecting<'_> {
    const STAGE: Stage = Stage::Inspect;
    type Value = InspectedModel;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<InspectedModel>, Stop> {
        let (run, context) = (record.model, record.context);
        let plan = &run.plan;
        let model = match gather(record, self.goal).await {
            Ok(model) => model,
            Err(stop) => {
                // An inspection would have included them.
                record.found(run.config_findings.clone());
                return Err(stop);
            }
        };
        let inspected = &model.inspected;
        record.read_schema(inspected.schema.as_ref().or(inspected.foreseen.as_ref()));
        let files = CaseFiles::read(plan.repository(), &plan.predict, plan.train.as_ref(), inspected.schema.as_ref());
        let (predict, train) = files.apply(&plan.predict, plan.train.as_ref(), Sending::Nowhere).await?;
        let check = |schema: Option<&Value>| context.check_plan(&predict, train.as_ref(), schema);
        let (mut planned, needs_none) = without_none_defaults(inspected, check);
        planned.extend(files.findings);
        // With excerpts, as in the report.
        let planned: Vec<Finding> = planned.into_iter().map(|finding| record.with_excerpt(finding)).collect();
        record
            .found(inspected.findings.iter().map(|finding| if needs_none { as_cause(finding) } else { finding.clone() }).collect());
        record.found(planned.clone());
        record.report.ignored.clone_from(&inspected.ignored);
        let not_compared = model.replicate.not_compared.map(|reason| reason.finding(plan));
        record.found(not_compared.iter().cloned().collect());
        // Compared by code: the policy may have changed the severity.
        let configured: BTreeSet<&str> = run.config_findings.iter().map(|finding| finding.code.as_str()).collect();
        let note = judge(&record.report.findings, |finding| {
            let of_request = [LINT_MISSING.code, UNKNOWN_HARDWARE.code, LIVE_NOT_COMPARED.code];
            if configured.contains(finding.code.as_str()) || of_request.contains(&finding.code.as_str()) {
                About::Configuration
            } else if planned.contains(finding) {
                About::Plan
            } else {
                About::Model
            }
        })?;
        // A missing token concerns the whole run, whose report says it.
        let not_compared = not_compared.filter(|_| model.replicate.not_compared != Some(NotCompared::NoToken));
        let note = not_compared.into_iter().fold(note, |note, finding| format!("{note}; {}", finding.message));
        if let Goal::Publish(services) = self.goal {
            expect_judge(plan, &services.verify, context.cancelled).await?;
        }
        Ok(Done::new(model, note))
    }
}

/// Findings about the plan. Inputs that are required only because `None` does not fit their type count as optional here: the source is
/// what has to change. The second value says whether the plan leaves out such an input.
fn without_none_defaults(inspected: &Inspected, check: impl Fn(Option<&Value>) -> Vec<Finding>) -> (Vec<Finding>, bool) {
    let strict = check(inspected.schema.as_ref().or(inspected.foreseen.as_ref()));
    let Some(mut schema) = inspected.schema.clone().filter(|_| !inspected.none_defaults.is_empty()) else { return (strict, false) };
    if let Some(Value::Array(required)) = schema.pointer_mut("/components/schemas/Input/required") {
        required.retain(|name| !inspected.none_defaults.iter().any(|none| name == none));
    }
    let relaxed = check(Some(&schema));
    let needs_none = relaxed != strict;
    (relaxed, needs_none)
}

/// The warning about a default of `None`, when test cases rely on it.
fn as_cause(finding: &Finding) -> Finding {
    if finding.code.as_str() != DEFAULT_NONE { finding.clone() } else { finding.clone().with_severity(Severity::Error) }
}

/// Asks the judge a cheap question before anything is built: a wrong key, a wrong model or an empty account would be noticed at the very
/// end.
async fn expect_judge(plan: &ModelPlan, services: &VerifyServices, cancelled: &CancellationToken) -> Result<(), Stop> {
    let Some(judge) = services.judge.as_ref().filter(|_| plan.asks_judge()) else { return Ok(()) };
    let proving = prove_judge(judge.as_ref(), plan.predict.judge_model.as_deref());
    at_once(proving.map_err(|error| Stop::from(VerifyError::Judge(error))), cancelled).await
}

async fn gather(record: &mut ModelRecord<'_>, goal: Goal<'_>) -> Result<InspectedModel, Stop> {
    let (run, context, services) = (record.model, record.context, goal.check_services());
    let plan = &run.plan;
    check_supported(plan)?;
    if let Some(prepare) = &run.prepare_tree {
        prepare.prepare(&plan.name, context.cancelled).await?;
    }
    let key = match (&run.key_files, goal) {
        (Some(files), Goal::Publish(_)) => Some(files.write(&plan.name, context.cancelled).await?),
        _ => None,
    };
    let replicate = match &services.replicate {
        Some(_) if !plan.is_named => ReplicateFacts::unknown(NotCompared::Unnamed),
        Some(replicate) => {
            let lookup = at_once(look_up(plan, replicate.as_ref(), goal, context), context.cancelled);
            noticed_when_slow(lookup, || context.emit(&plan.name, EventKind::Notice(WAITING.to_owned()))).await?
        }
        None if services.against.is_some() => ReplicateFacts::not_asked(),
        None => ReplicateFacts::unknown(if plan.is_named { NotCompared::NoToken } else { NotCompared::Unnamed }),
    };
    record.report.previous = replicate.live.as_ref().map(|live| live.version.clone());
    let baseline = match &services.against {
        Some(revision) => earlier_schema(record, revision, &services.tools).await?,
        None => None,
    };
    let request = InspectRequest {
        plan,
        config_findings: &run.config_findings,
        live: replicate.live.as_ref(),
        baseline: baseline.as_ref(),
        hardware: replicate.hardware.as_deref(),
        tools: &services.tools,
    };
    let mut inspected = inspect(&request, context.cancelled).await?;
    if matches!(goal, Goal::Check(_)) && plan.build.image.is_none() {
        // A build looks at the files itself.
        let found =
            at_once(async { Ok::<_, Stop>(context_findings(&inspected.project, &plan.build).await) }, context.cancelled).await?;
        let applied = apply_policy(found, &plan.inspect);
        inspected.findings.extend(applied.findings);
        inspected.ignored.extend(applied.ignored);
    }
    if let Some(prepare) = &run.prepare_tree {
        name_preparation(&mut inspected.findings, &prepare.description(&plan.name));
    }
    Ok(InspectedModel { inspected, replicate, key })
}

/// The schema of a revision. A project that did not exist then breaks nobody.
async fn earlier_schema(record: &mut ModelRecord<'_>, name: &str, tools: &Tools) -> Result<Option<Value>, Stop> {
    let plan = &record.model.plan;
    let (folder, name, tools) = (plan.project.clone(), name.to_owned(), tools.clone());
    let config_name = plan.place.config_name();
    let cog_version = plan.build.cog_version.clone();
    let read = move || Revision::find(&folder, &name, &tools)?.schema(&config_name, cog_version.as_deref());
    match spawn_blocking(read).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())) {
        Ok(schema) => Ok(Some(schema)),
        Err(error @ RevisionError::NoProject { .. }) => {
            record.notice(format!("{error}, so nothing was compared"));
            Ok(None)
        }
        Err(error) => Err(Stop::misconfigured(error.to_string(), error.hint().unwrap_or_default())),
    }
}

/// Errors of a `cog.yaml` that a script prepared name the script.
fn name_preparation(findings: &mut [Finding], script: &str) {
    let is_config = |finding: &Finding| finding.location.as_ref().is_some_and(|place| place.file.ends_with("cog.yaml"));
    for finding in findings.iter_mut().filter(|finding| finding.is_error() && is_config(finding)) {
        finding.details.push(("prepared by".to_owned(), script.to_owned()));
    }
}

/// Problems of the plan, its files included.
pub(super) async fn checked_plan(plan: &ModelPlan, schema: Option<&Value>, context: &RunContext<'_>) -> Result<Vec<Finding>, Stop> {
    let files = CaseFiles::read(plan.repository(), &plan.predict, plan.train.as_ref(), schema);
    let (predict, train) = files.apply(&plan.predict, plan.train.as_ref(), Sending::Nowhere).await?;
    let mut findings = files.findings;
    findings.extend(context.check_plan(&predict, train.as_ref(), schema));
    Ok(findings)
}

/// The subject of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// A settings file or the request: invalid in itself.
    Configuration,
    /// The plan's requirements for the model.
    Plan,
    Model,
}

/// Stops on findings of severity error. An invalid configuration is an invalid request. So is a plan that does not fit the model, unless
/// the model has errors of its own: then the model may be what changed, and that is a result.
pub(super) fn judge(findings: &[Finding], about: impl Fn(&Finding) -> About) -> Result<String, Stop> {
    let errors: Vec<About> = findings.iter().filter(|finding| finding.is_error()).map(about).collect();
    if errors.is_empty() {
        let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        let counts = [(of(Severity::Warning), "warning"), (of(Severity::Note), "note")];
        let counts: Vec<String> =
            counts.into_iter().filter(|(number, _)| *number > 0).map(|(number, word)| count(number, word)).collect();
        return Ok(if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") });
    }
    let is_result = errors.contains(&About::Model) && !errors.contains(&About::Configuration);
    let verdict = if is_result { Verdict::Failed } else { Verdict::Misconfigured };
    Err(Stop::Blocked { verdict, note: count(errors.len(), "error") })
}

/// Rejects unsupported plans before anything is done.
fn check_supported(plan: &ModelPlan) -> Result<(), Stop> {
    check_models(plan)?;
    check_two_pass(plan)
}

/// Files and flags were compared when they were loaded. This holds for every plan, wherever it comes from.
pub(super) fn check_models(plan: &ModelPlan) -> Result<(), Stop> {
    let Some((first, second, model)) = plan.clash() else { return Ok(()) };
    Err(Stop::misconfigured(
        format!("{model} is both the {first} and the {second}"),
        format!("name another model as {}: what is not tested must not reach a model that is published", second.key()),
    ))
}

/// Checks that two passes have an official model and the source for a second image.
fn check_two_pass(plan: &ModelPlan) -> Result<(), Stop> {
    if !plan.two_pass {
        return Ok(());
    }
    if plan.official_model.is_none() {
        return Err(Stop::misconfigured(
            format!("two_pass is set, but {} does not set official_model", plan.config_file.as_deref().unwrap_or("nothing")),
            "add `official_model: OWNER/NAME` to the configuration, or leave out two_pass",
        ));
    }
    if plan.build.image.is_some() {
        return Err(Stop::misconfigured(
            "two_pass and image are both set, but the second pass has to build an image without the key",
            "leave out image, or two_pass",
        ));
    }
    Ok(())
}
