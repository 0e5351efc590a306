//! The deploy stage: the deployment follows the live model.

use crate::domain::identity::VersionRef;
use crate::domain::plan::DeploymentPlan;
use crate::domain::report::DeploymentChange;
use crate::pipeline::Services;
use crate::pipeline::context::RunContext;
use crate::pipeline::state::{Done, ModelState};
use crate::pipeline::stop::Stop;
use crate::publish::deploy;

/// Deploys a published version.
pub(super) async fn run(
    state: &mut ModelState<'_>,
    plan: &DeploymentPlan,
    version: &VersionRef,
    services: &Services,
    context: &RunContext<'_>,
) -> Result<Done<()>, Stop> {
    let deployed = deploy(plan, version, &services.publishing(), context.cancelled).await?;
    state.found(deployed.findings);
    let report = state.report.deployment.insert(deployed.report);
    let done = match report.change {
        DeploymentChange::Created => "created",
        DeploymentChange::Updated => "updated",
        DeploymentChange::Unchanged => "unchanged",
    };
    Ok(Done::new((), format!("{} {done}", report.name)))
}
