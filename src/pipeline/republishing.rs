//! The publication of a version that exists already, and the deployment that follows it.

use cog_findings::Severity;

use crate::domain::cleared::{Blocked, Cleared, Replaced};
use crate::domain::identity::VersionRef;
use crate::domain::plan::DeploymentPlan;
use crate::domain::report::Stage;
use crate::pipeline::record::{Done, ModelRecord, StageWork};
use crate::pipeline::stop::Stop;
use crate::publish::{DeployRequest, PublishError, PublishServices, deploy, publish};

/// Publishes the version. A version that appeared in the meantime is not replaced, because it was not compared with anything.
pub(super) struct Republishing<'a> {
    pub(super) cleared: &'a Cleared,
    pub(super) services: &'a PublishServices,
}

impl StageWork for Republishing<'_> {
    const STAGE: Stage = Stage::Publish;
    type Value = VersionRef;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<VersionRef>, Stop> {
        let (name, context) = (&record.model.plan.name, record.context);
        let published = publish(name, self.cleared, self.services, context.observer, context.cancelled).await;
        let published = match published {
            Ok(published) => published,
            Err(error) => {
                record.not_published(&error);
                if let PublishError::Moved(moved) = &error {
                    record.found(vec![moved.finding(Severity::Error)]);
                }
                return Err(error.into());
            }
        };
        let (version, overwritten) = record.published(published);
        if let Some(overwritten) = overwritten {
            record.found(vec![overwritten.finding(Severity::Error)]);
            Blocked::find(&[], &record.report.findings)?;
        }
        let note = format!("{}:{}", version.model, version.id.short());
        Ok(Done::new(version, note))
    }
}

/// Lets the deployment follow.
pub(super) struct Following<'a> {
    pub(super) deployment: &'a DeploymentPlan,
    pub(super) version: &'a VersionRef,
    /// What it ran when the run started.
    pub(super) deployed: &'a Replaced,
    pub(super) services: &'a PublishServices,
}

impl StageWork for Following<'_> {
    const STAGE: Stage = Stage::Deploy;
    type Value = ();

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<()>, Stop> {
        let request = DeployRequest { plan: self.deployment, version: self.version, replaces: self.deployed };
        let deployed = deploy(&request, self.services, record.context.cancelled).await?;
        Ok(Done::new((), record.deployed(deployed)))
    }
}
