//! The canary: a tiny model with an id of its own goes through the stages of every model. It is built, pushed to a private model, run by
//! the digest of the pushed version, and deleted. Its answer shows that exactly the pushed version ran.
//!
//! The stages are those of a run that publishes nothing; only the guard before them and the clean-up after them are the canary's own.
//! Alerts are left to the caller.

mod project;

use std::path::Path;
use std::time::Duration;

use cog_findings::Finding;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::{Deletion, Model, Replicate, Visibility};
use crate::domain::canary::{CanaryReport, CanaryStep};
use crate::domain::case::{Expectation, TestCase};
use crate::domain::events::Observer;
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::plan::{Allowances, BuildPlan, Comparison, InspectPlan, Limits, ModelPlan, PublishMode, VerifyPlan};
use crate::domain::project_place::ProjectPlace;
use crate::domain::report::{CaseReport, CaseStatus, ErrorReport, ModelReport, StageStatus};
use crate::domain::verdict::Verdict;
use crate::pipeline::run::run;
use crate::pipeline::stop::Stop;
use crate::pipeline::{Goal, ModelRun, RunOptions, Services};
use crate::support::temporary_folder::{Purpose, TemporaryFolder, temporary_folder};

/// How long the clean-up may take; shorter when the run was canceled.
const DELETE_LIMIT: Duration = Duration::from_secs(60);
const DELETE_LIMIT_CANCELLED: Duration = Duration::from_secs(4);

/// A canary run.
#[derive(Debug, Clone)]
pub struct CanaryRequest {
    /// The canary's own model, created if it is missing.
    pub model: ModelRef,
    /// The hardware to create it on.
    pub hardware: String,
    /// The id it answers with: letters, digits and hyphens.
    pub id: String,
    /// Limits of its prediction.
    pub limits: Limits,
}

impl CanaryRequest {
    pub fn plan(&self, folder: &Path) -> ModelPlan {
        let case = TestCase {
            inputs: project::inputs(),
            expectation: Expectation::ExactString(project::answer(&self.id)),
            ..TestCase::default()
        };
        ModelPlan {
            name: "canary".to_owned(),
            config_file: None,
            project: folder.to_owned(),
            place: ProjectPlace::default(),
            is_named: true,
            // Never published to, and not looked for.
            model: self.model.with_suffix("-unpublished"),
            test_model: self.model.clone(),
            test_hardware: Some(self.hardware.clone()),
            official_model: None,
            two_pass: false,
            readme: None,
            inspect: InspectPlan { no_lint: true, ..InspectPlan::default() },
            build: BuildPlan::default(),
            predict: VerifyPlan { cases: vec![case], compare: Comparison::Off, ..VerifyPlan::default() },
            train: None,
            publish: PublishMode::TestOnly,
            allow: Allowances::default(),
            deployment: None,
            always: false,
            deployment_check: false,
            parallel: 1,
            limits: self.limits,
        }
    }
}

/// Writes the canary's model into a folder of its own, which is removed when it is dropped.
pub fn write_canary(request: &CanaryRequest) -> std::io::Result<TemporaryFolder> {
    let folder = temporary_folder(Purpose::Canary)?;
    project::write(folder.path(), &request.id)?;
    Ok(folder)
}

/// Runs the canary in this folder. Errors are in the report, and the pushed version is removed.
pub async fn canary(
    request: &CanaryRequest,
    folder: &Path,
    services: &Services,
    options: &RunOptions,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> CanaryReport {
    let clock = services.verify.clock.as_ref();
    let started = clock.instant();
    let mut report = CanaryReport {
        id: request.id.clone(),
        model: request.model.clone(),
        version: None,
        verdict: Verdict::Passed,
        steps: Vec::new(),
        duration: Duration::ZERO,
        problem: None,
    };
    match guard(&request.model, services.publish.replicate.as_ref()).await {
        Ok(()) => {
            let models = vec![ModelRun::new(request.plan(folder))];
            let ran = run(models, Goal::Publish(services), options, observer, cancelled).await;
            for model in ran.models {
                take(&mut report, model);
            }
        }
        Err(stop) => {
            report.verdict = stop.verdict();
            report.steps.push(CanaryStep { name: "guard", status: stop.status(), duration: Duration::ZERO, note: None });
            if let Stop::Error { report: error, .. } = stop {
                report.problem = Some(error);
            }
        }
    }
    if let Some(version) = report.version.clone() {
        clean_up(&mut report, &version, services, cancelled).await;
    }
    report.duration = clock.instant().saturating_duration_since(started);
    report
}

/// A canary is not a version for users: it must not become the newest version of a model in use.
async fn guard(model: &ModelRef, replicate: &dyn Replicate) -> Result<(), Stop> {
    let Some(found) = replicate.model(model).await? else { return Ok(()) };
    let refused = |what: &str| {
        Err(Stop::misconfigured(
            format!("{model} {what}"),
            "name a model that belongs to the canary alone; it is made when it is missing",
        ))
    };
    let Model { visibility, is_official, latest_version, .. } = found;
    if is_official || visibility == Visibility::Public {
        return refused("is public, and a canary would become its newest version");
    }
    let schema = latest_version.and_then(|version| version.openapi_schema);
    match schema {
        Some(schema) if !project::is_canary(&schema) => refused("has a version that is not a canary"),
        _ => Ok(()),
    }
}

/// Copies the stages' outcomes into the report.
fn take(report: &mut CanaryReport, model: ModelReport) {
    report.verdict = model.verdict;
    report.version = model.staged;
    let problem = model.error.or_else(|| wrong_answer(&model.cases, &model.findings));
    report.problem = problem.map(with_own_option);
    let entered = model.stages.into_iter().filter(|stage| stage.status != StageStatus::Skipped);
    report.steps.extend(entered.map(|stage| CanaryStep {
        name: stage.stage.as_str(),
        status: stage.status,
        duration: stage.duration,
        note: stage.note,
    }));
}

/// The plan is a model's, but the user of a canary has set its hardware with an option.
fn with_own_option(problem: ErrorReport) -> ErrorReport {
    let named = |text: String| text.replace("test_hardware", "--hardware");
    ErrorReport { message: named(problem.message), hint: problem.hint.map(named) }
}

fn wrong_answer(cases: &[CaseReport], findings: &[Finding]) -> Option<ErrorReport> {
    let failed = cases.iter().find(|case| !matches!(case.status, CaseStatus::Passed | CaseStatus::Flaky));
    let of_case = failed.and_then(|case| case.last_attempt()?.reason.clone());
    let of_finding = || findings.iter().find(|finding| finding.is_error()).map(|finding| finding.message.clone());
    of_case.or_else(of_finding).map(|message| ErrorReport { message, hint: None })
}

/// Deletes the version. A canary that passed but could not be removed has failed: versions would pile up.
async fn clean_up(report: &mut CanaryReport, version: &VersionRef, services: &Services, cancelled: &CancellationToken) {
    let clock = services.verify.clock.as_ref();
    let started = clock.instant();
    let limit = if cancelled.is_cancelled() { DELETE_LIMIT_CANCELLED } else { DELETE_LIMIT };
    let outcome = match timeout(limit, services.publish.replicate.delete_version(version)).await {
        Ok(Ok(Deletion::Accepted | Deletion::Absent)) => Ok(()),
        Ok(Err(error)) => Err(Stop::from(error)),
        Err(_elapsed) => Err(Stop::misconfigured(format!("{version} was not deleted in time"), "delete it by hand")),
    };
    let duration = clock.instant().saturating_duration_since(started);
    let (status, note) = match outcome {
        Ok(()) => (StageStatus::Passed, None),
        Err(stop) => {
            let message = match &stop {
                Stop::Error { report, .. } => report.message.clone(),
                _ => format!("{version} was not deleted"),
            };
            if report.verdict == Verdict::Passed {
                report.verdict = stop.verdict();
                let hint = format!("delete {version} at https://replicate.com/{}/versions", version.model);
                report.problem = Some(ErrorReport { message: message.clone(), hint: Some(hint) });
            }
            (stop.status(), Some(message))
        }
    };
    report.steps.push(CanaryStep { name: "clean-up", status, duration, note });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_with_the_hardware_names_the_option_of_the_canary() {
        let problem = ErrorReport {
            message: "test_hardware 'nope' is not hardware of this account".to_owned(),
            hint: Some("set test_hardware".to_owned()),
        };
        let named = with_own_option(problem);
        assert_eq!(named.message, "--hardware 'nope' is not hardware of this account");
        assert_eq!(named.hint.as_deref(), Some("set --hardware"));
    }
}
