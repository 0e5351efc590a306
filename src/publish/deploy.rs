//! The deployment follows the live model.

use cog_findings::Finding;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::{Account, Deployment, DeploymentPatch, NewDeployment};
use crate::domain::cleared::Replaced;
use crate::domain::identity::VersionRef;
use crate::domain::plan::DeploymentPlan;
use crate::domain::report::{DeploymentChange, DeploymentReport};
use crate::publish::moved::Moved;
use crate::publish::services::unless_cancelled;
use crate::publish::{PublishError, PublishServices, rules};

/// A deployment that runs a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployed {
    /// The change.
    pub report: DeploymentReport,
    /// Findings about it.
    pub findings: Vec<Finding>,
}

#[derive(Debug, Clone, Copy)]
pub struct DeployRequest<'a> {
    pub plan: &'a DeploymentPlan,
    /// The version it gets.
    pub version: &'a VersionRef,
    /// What it ran when the run started, which is replaced and nothing else.
    pub replaces: &'a Replaced,
}

/// Creates the deployment, or updates it to the version. An existing deployment keeps its settings; one that already runs the version is
/// left alone, because every change makes a release.
///
/// # Errors
/// [`PublishError::Moved`] if somebody else has deployed another version meanwhile, and errors of the service.
pub async fn deploy(
    request: &DeployRequest<'_>,
    services: &PublishServices,
    cancelled: &CancellationToken,
) -> Result<Deployed, PublishError> {
    let DeployRequest { plan, version, .. } = *request;
    let replicate = services.replicate.as_ref();
    match unless_cancelled(replicate.deployment(&plan.owner, &plan.name), cancelled).await? {
        Some(before) => update(request, &before, services, cancelled).await,
        None => {
            let account = unless_cancelled(replicate.account(), cancelled).await?;
            check_owner(plan, &account)?;
            let created = unless_cancelled(replicate.create_deployment(&new_deployment(plan, version)), cancelled).await?;
            Ok(Deployed { report: report(plan, DeploymentChange::Created, &created, None), findings: Vec::new() })
        }
    }
}

async fn update(
    request: &DeployRequest<'_>,
    before: &Deployment,
    services: &PublishServices,
    cancelled: &CancellationToken,
) -> Result<Deployed, PublishError> {
    let DeployRequest { plan, version, replaces } = *request;
    if let Some(runs) = before.version.as_ref().filter(|runs| runs.model != version.model) {
        return Err(PublishError::DeploymentOfOtherModel {
            deployment: shown(plan),
            is: runs.model.clone(),
            wanted: version.model.clone(),
        });
    }
    if let Some(moved) = moved(plan, before, version, replaces) {
        return Err(PublishError::Moved(Box::new(moved)));
    }
    let patch = DeploymentPatch { version: Some(version.id.clone()), ..DeploymentPatch::default() };
    let updated = unless_cancelled(services.replicate.update_deployment(&plan.owner, &plan.name, &patch), cancelled).await?;
    let change = if updated.changed { DeploymentChange::Updated } else { DeploymentChange::Unchanged };
    Ok(Deployed {
        report: report(plan, change, &updated.deployment, before.version.clone()),
        findings: hardware_kept(plan, &updated.deployment).into_iter().collect(),
    })
}

/// A deployment that runs neither what it ran nor the version that it gets. One without a version has nothing to lose.
fn moved(plan: &DeploymentPlan, before: &Deployment, version: &VersionRef, replaces: &Replaced) -> Option<Moved> {
    let now = before.version.as_ref().filter(|now| now.id != version.id)?;
    replaces.has_moved(&Replaced::Version(now.id.clone())).then(|| Moved {
        name: shown(plan),
        model: now.model.clone(),
        checked: replaces.clone(),
        now: Some(now.id.clone()),
        version: None,
        release: before.release,
        is_overwritten: false,
    })
}

fn hardware_kept(plan: &DeploymentPlan, deployment: &Deployment) -> Option<Finding> {
    let runs_on = deployment.hardware.as_ref().filter(|hardware| **hardware != plan.hardware)?;
    let message = format!("the deployment {} runs on {runs_on}, the configuration names {}", shown(plan), plan.hardware);
    let hint = format!("change its hardware at https://replicate.com/deployments/{}, or the configuration", shown(plan));
    Some(Finding::new(&rules::DEPLOYMENT_HARDWARE, message).hint(hint))
}

/// A new deployment, with instances as cog-safe-push sets them: CPU 1 to 20, GPU 0 to 2 (`docs/reference/replicate-api.md#deployments`).
/// A configured limit moves the other one where necessary.
fn new_deployment(plan: &DeploymentPlan, version: &VersionRef) -> NewDeployment {
    let (least, most) = if plan.hardware.starts_with("cpu") { (1, 20) } else { (0, 2) };
    let max_instances = plan.max_instances.unwrap_or_else(|| plan.min_instances.unwrap_or(least).max(most));
    NewDeployment {
        owner: plan.owner.clone(),
        name: plan.name.clone(),
        version: version.clone(),
        hardware: plan.hardware.clone(),
        min_instances: plan.min_instances.unwrap_or(least.min(max_instances)),
        max_instances,
    }
}

/// The owner of a new deployment is the token's account: the API has no field for it.
pub(super) fn check_owner(plan: &DeploymentPlan, account: &Account) -> Result<(), PublishError> {
    if plan.owner == account.username {
        Ok(())
    } else {
        Err(PublishError::ForeignDeployment { deployment: shown(plan), account: account.username.clone() })
    }
}

fn report(
    plan: &DeploymentPlan,
    change: DeploymentChange,
    now: &Deployment,
    previous_version: Option<VersionRef>,
) -> DeploymentReport {
    DeploymentReport { name: shown(plan), change, release: now.release, previous_version }
}

fn shown(plan: &DeploymentPlan) -> String {
    format!("{}/{}", plan.owner, plan.name)
}
