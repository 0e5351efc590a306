//! Proof that a deployment works: one test case through it. If that fails, the previous release is restored.

use cog_findings::Finding;

use crate::clients::replicate::DeploymentPatch;
use crate::domain::case::{CaseId, TestedOn};
use crate::domain::identity::VersionRef;
use crate::domain::plan::{Comparison, DeploymentPlan, VerifyPlan};
use crate::domain::report::{CaseStatus, DeploymentChange};
use crate::domain::verdict::Verdict;
use crate::pipeline::case_files::{CaseFiles, Sending};
use crate::pipeline::grace::at_once;
use crate::pipeline::record::ModelRecord;
use crate::pipeline::rules;
use crate::pipeline::stop::Stop;
use crate::verify::{DeploymentRef, JudgeProof, VerifyRequest, VerifyServices, verify};

/// Sends one test case through a deployment that got a version.
pub(super) async fn prove_deployment(
    record: &mut ModelRecord<'_>,
    deployment: &DeploymentPlan,
    version: &VersionRef,
    schema: &serde_json::Value,
    services: &VerifyServices,
) -> Result<(), Stop> {
    let plan = &record.model.plan;
    if !plan.deployment_check || record.report.deployment.as_ref().is_none_or(|report| report.change == DeploymentChange::Unchanged)
    {
        return Ok(());
    }
    let files = CaseFiles::read(plan.repository(), &plan.predict, None, Some(schema));
    let applying = files.apply(&plan.predict, None, Sending::Upload(services.replicate.as_ref()));
    let (predict, _) = at_once(applying, record.context.cancelled).await?;
    // A version that never booted on the deployment's hardware has failed as well.
    let through = DeploymentRef { owner: deployment.owner.clone(), name: deployment.name.clone() };
    let request = VerifyRequest {
        name: &plan.name,
        plan: &one_case(&predict),
        train: None,
        limits: &plan.limits,
        parallel: 1,
        on: TestedOn::Live,
        version,
        through: Some(&through),
        live: None,
        schema,
        keep_outputs: None,
        judge_proof: JudgeProof::Done,
    };
    let outcome = verify(&request, services, record.context.observer, record.context.cancelled).await;
    record.report.cost += outcome.cost;
    let failed = outcome.cases.iter().find(|case| case.status == CaseStatus::Failed).cloned();
    for mut case in outcome.cases {
        case.id = CaseId::new(format!("deployment: {}", case.id));
        record.report.cases.push(case);
    }
    let never_booted = outcome.stopped.as_ref().is_some_and(|stopped| stopped.kind() == crate::clients::ErrorKind::Model);
    match (failed, outcome.stopped) {
        (None, None) => Ok(()),
        (None, Some(stopped)) if !never_booted => Err(stopped.into()),
        (failed, stopped) => {
            let reason = failed.as_ref().and_then(|case| case.last_attempt()?.reason.clone());
            let reason = reason.or_else(|| stopped.map(|stopped| stopped.to_string())).unwrap_or_else(|| "it failed".to_owned());
            restore(record, deployment, &reason, services).await
        }
    }
}

/// The first case that expects an output, or else the smallest inputs.
fn one_case(plan: &VerifyPlan) -> VerifyPlan {
    let mut cases = plan.cases.iter().filter(|case| case.left_out(TestedOn::Live).is_none() && !case.expectation.expects_error());
    VerifyPlan {
        cases: cases.next().cloned().into_iter().collect(),
        compare: Comparison::Off,
        fuzz: None,
        benchmark: 0,
        fail_fast: false,
        ..plan.clone()
    }
}

/// Restores the previous version, and stops the run either way.
async fn restore(
    record: &mut ModelRecord<'_>,
    deployment: &DeploymentPlan,
    reason: &str,
    services: &VerifyServices,
) -> Result<(), Stop> {
    let name = format!("{}/{}", deployment.owner, deployment.name);
    let before = record.report.deployment.as_ref().and_then(|report| report.previous_version.clone());
    let (note, finding) = match &before {
        None => {
            let message =
                format!("a prediction through the deployment {name} failed, and there is no earlier release to restore: {reason}");
            (message.clone(), Finding::new(&rules::DEPLOYMENT_FAILED, message))
        }
        Some(version) => {
            let patch = DeploymentPatch { version: Some(version.id.clone()), ..DeploymentPatch::default() };
            match services.replicate.update_deployment(&deployment.owner, &deployment.name, &patch).await {
                Ok(updated) => {
                    if let Some(report) = &mut record.report.deployment {
                        report.release = updated.deployment.release;
                        report.change = DeploymentChange::Restored;
                    }
                    let message =
                        format!("a prediction through the deployment {name} failed, so it runs {version} again: {reason}");
                    (message.clone(), Finding::new(&rules::DEPLOYMENT_FAILED, message))
                }
                Err(error) => {
                    let message = format!(
                        "a prediction through the deployment {name} failed, and {version} could not be restored ({error}): {reason}"
                    );
                    (message.clone(), Finding::new(&rules::DEPLOYMENT_FAILED, message))
                }
            }
        }
    };
    let hint = format!("see https://replicate.com/deployments/{name}; the published version is not deployed");
    record.found(vec![finding.hint(hint)]);
    Err(Stop::Blocked { verdict: Verdict::Failed, note })
}
