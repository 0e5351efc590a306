//! The deploy stage: the deployment follows the live model.

use async_trait::async_trait;

use crate::domain::identity::VersionRef;
use crate::domain::plan::DeploymentPlan;
use crate::domain::report::{DeploymentChange, Stage};
use crate::pipeline::record::{Done, ModelRecord, StageWork};
use crate::pipeline::stop::Stop;
use crate::publish::{PublishServices, deploy};

/// Deploys a published version.
pub(super) struct Deploying<'a> {
    pub(super) plan: &'a DeploymentPlan,
    pub(super) version: &'a VersionRef,
    pub(super) services: &'a PublishServices,
}

#[async_trait]
impl StageWork for Deploying<'_> {
    const STAGE: Stage = Stage::Deploy;
    type Value = ();

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<()>, Stop> {
        let deployed = deploy(self.plan, self.version, self.services, record.context.cancelled).await?;
        record.found(deployed.findings);
        let report = record.report.deployment.insert(deployed.report);
        let done = match report.change {
            DeploymentChange::Created => "created",
            DeploymentChange::Updated => "updated",
            DeploymentChange::Unchanged => "unchanged",
        };
        Ok(Done::new((), format!("{} {done}", report.name)))
    }
}
