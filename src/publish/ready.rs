//! Finds before a build what would stop a push.

use crate::clients::replicate::{Account, Replicate};
use crate::domain::cleared::Replaced;
use crate::domain::identity::ModelRef;
use crate::domain::plan::DeploymentPlan;
use crate::publish::models::{check_destination, check_visibility, new_test_model};
use crate::publish::{PublishError, deploy};

/// The models and the deployment that a run is going to push to.
#[derive(Debug, Clone, Copy)]
pub struct ReadyRequest<'a> {
    /// The token's account.
    pub account: &'a Account,
    pub test_model: &'a ModelRef,
    /// The hardware to create it on if it is missing.
    pub test_hardware: Option<&'a str>,
    pub may_be_public: bool,
    /// The destination of trainings, if there are any.
    pub destination: Option<&'a ModelRef>,
    /// The live model, if it is going to be published to.
    pub live: Option<&'a ModelRef>,
    /// The deployment, if it is going to be updated.
    pub deployment: Option<&'a DeploymentPlan>,
}

/// Facts that the run needs later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// What the deployment runs now.
    pub deployed: Replaced,
    /// The test model is going to be created.
    pub test_model_missing: bool,
}

/// Checks the models and the deployment, and changes nothing.
///
/// # Errors
/// Those that [`stage`](crate::publish::stage()), [`publish`](crate::publish::publish()) and [`deploy`](crate::publish::deploy()) would
/// end with, as far as they can be foreseen.
pub async fn check_ready(request: &ReadyRequest<'_>, replicate: &dyn Replicate) -> Result<Readiness, PublishError> {
    let ReadyRequest { account, test_model, test_hardware, may_be_public, destination, live, deployment } = *request;
    if let Some(destination) = destination {
        check_destination(destination, account)?;
    }
    let staging = async {
        match replicate.model(test_model).await? {
            Some(found) => check_visibility(&found, may_be_public).map(|()| false),
            None => new_test_model(test_model, test_hardware, account).map(|_new| true),
        }
    };
    let publishing = async {
        match live {
            Some(live) if replicate.model(live).await?.is_none() => Err(PublishError::NoLiveModel { model: live.clone() }),
            _ => Ok(()),
        }
    };
    let deploying = async {
        let Some(plan) = deployment else { return Ok(Replaced::Nothing) };
        match replicate.deployment(&plan.owner, &plan.name).await? {
            Some(found) => Ok(Replaced::of(found.version.as_ref().map(|version| &version.id))),
            None => deploy::check_owner(plan, account).map(|()| Replaced::Nothing),
        }
    };
    let (test_model_missing, (), deployed) = tokio::try_join!(staging, publishing, deploying)?;
    Ok(Readiness { deployed, test_model_missing })
}
