//! What would stop a push, told before a build.

use crate::clients::replicate::{Account, Replicate};
use crate::domain::identity::ModelRef;
use crate::domain::plan::DeploymentPlan;
use crate::publish::models::{check_destination, new_test_model};
use crate::publish::{PublishError, deploy};

/// What is going to be pushed where.
#[derive(Debug, Clone, Copy)]
pub struct ReadyRequest<'a> {
    /// Whom the token belongs to.
    pub account: &'a Account,
    /// The test model.
    pub test_model: &'a ModelRef,
    /// The hardware on which it is made when it is missing.
    pub test_hardware: Option<&'a str>,
    /// The model that trainings end in, when there are any.
    pub destination: Option<&'a ModelRef>,
    /// The live model, when it is going to be published to.
    pub live: Option<&'a ModelRef>,
    /// The deployment, when it is going to be updated.
    pub deployment: Option<&'a DeploymentPlan>,
}

/// What the run is going to need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Something is going to be made on hardware that the configuration names.
    pub needs_hardware: bool,
}

/// Looks at the models and the deployment, and changes nothing.
///
/// # Errors
/// Those that [`stage`](crate::publish::stage()), [`publish`](crate::publish::publish()) and [`deploy`](crate::publish::deploy()) would
/// end with, as far as they can be foreseen.
pub async fn check_ready(request: &ReadyRequest<'_>, replicate: &dyn Replicate) -> Result<Readiness, PublishError> {
    let ReadyRequest { account, test_model, test_hardware, destination, live, deployment } = *request;
    if let Some(destination) = destination {
        check_destination(destination, account)?;
    }
    let staging = async {
        let missing = replicate.model(test_model).await?.is_none();
        if missing {
            new_test_model(test_model, test_hardware, account)?;
        }
        Ok::<_, PublishError>(missing)
    };
    let publishing = async {
        match live {
            Some(live) if replicate.model(live).await?.is_none() => Err(PublishError::NoLiveModel { model: live.clone() }),
            _ => Ok(()),
        }
    };
    let deploying = async {
        let Some(plan) = deployment else { return Ok(false) };
        match replicate.deployment(&plan.owner, &plan.name).await? {
            Some(_) => Ok(false),
            None => deploy::check_owner(plan, account).map(|()| true),
        }
    };
    let training = async {
        let Some(destination) = destination else { return Ok::<_, PublishError>(false) };
        Ok(replicate.model(destination).await?.is_none())
    };
    let (test_model_missing, destination_missing, (), deployment_missing) =
        tokio::try_join!(staging, training, publishing, deploying)?;
    Ok(Readiness { needs_hardware: test_model_missing || destination_missing || deployment_missing })
}
