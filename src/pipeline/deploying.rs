//! The deploy stage: the deployment follows the live model.

use crate::domain::identity::VersionRef;
use crate::domain::plan::DeploymentPlan;
use crate::domain::report::Stage;
use crate::pipeline::deployment_proof::prove_deployment;
use crate::pipeline::grace::at_once;
use crate::pipeline::moved::{Comparing, decide_again};
use crate::pipeline::record::{Done, ModelRecord, StageWork};
use crate::pipeline::stop::Stop;
use crate::publish::{DeployRequest, Moved, PublishError, PublishServices, deploy};
use crate::verify::VerifyServices;

/// Deploys a published version.
pub(super) struct Deploying<'a> {
    pub(super) plan: &'a DeploymentPlan,
    pub(super) version: &'a VersionRef,
    pub(super) comparing: Comparing<'a>,
    /// Whether outputs were compared with those of the live version.
    pub(super) compared_outputs: bool,
    pub(super) services: &'a PublishServices,
    /// For the proof that the deployment works.
    pub(super) verify: &'a VerifyServices,
}

impl StageWork for Deploying<'_> {
    const STAGE: Stage = Stage::Deploy;
    type Value = ();

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<()>, Stop> {
        let mut replaces = self.comparing.model.replicate.deployed.clone();
        let request = DeployRequest { plan: self.plan, version: self.version, replaces: &replaces };
        let deployed = match deploy(&request, self.services, record.context.cancelled).await {
            Err(PublishError::Moved(moved)) => {
                self.decide_again(record, &moved).await?;
                replaces = moved.replaced();
                let request = DeployRequest { plan: self.plan, version: self.version, replaces: &replaces };
                deploy(&request, self.services, record.context.cancelled).await?
            }
            other => other?,
        };
        let note = record.deployed(deployed);
        let schema = self.comparing.schema;
        prove_deployment(record, self.plan, self.version, schema, self.verify).await?;
        Ok(Done::new((), note))
    }
}

impl Deploying<'_> {
    /// Somebody else has deployed meanwhile: whether their version may be replaced.
    async fn decide_again(&self, record: &mut ModelRecord<'_>, moved: &Moved) -> Result<(), Stop> {
        let schema = match &moved.now {
            Some(id) => {
                let version = VersionRef { model: moved.model.clone(), id: id.clone() };
                at_once(self.services.replicate.version(&version), record.context.cancelled).await?
            }
            None => None,
        };
        let schema = schema.and_then(|version| version.openapi_schema);
        decide_again(record, moved, schema.as_ref(), self.compared_outputs, self.comparing)?;
        Ok(())
    }
}
