//! Deployments.

use futures::future::BoxFuture;
use http::Method;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::clients::http::pause;
use crate::clients::replicate::call::Call;
use crate::clients::replicate::effect::Effect;
use crate::clients::replicate::real::RealReplicate;
use crate::clients::replicate::wire::RawDeployment;
use crate::clients::replicate::{
    Deployment, DeploymentPatch, DeploymentUpdate, InvalidField, NewDeployment, ReplicateError, ReplicateFailure,
};

pub trait Deployments: Send + Sync {
    /// A deployment. `None` if it does not exist or is not visible to this token.
    fn deployment<'a>(&'a self, owner: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<Deployment>, ReplicateError>>;

    fn create_deployment<'a>(&'a self, new: &'a NewDeployment) -> BoxFuture<'a, Result<Deployment, ReplicateError>>;

    /// Changes a deployment. Reads it first and leaves it unchanged if it matches, because every change creates a release.
    fn update_deployment<'a>(
        &'a self,
        owner: &'a str,
        name: &'a str,
        patch: &'a DeploymentPatch,
    ) -> BoxFuture<'a, Result<DeploymentUpdate, ReplicateError>>;
}

impl DeploymentPatch {
    /// Whether a deployment already has the wanted values.
    fn is_met_by(&self, deployment: &Deployment) -> bool {
        fn kept_or_equal<T: PartialEq>(wanted: Option<&T>, is: Option<&T>) -> bool {
            wanted.is_none() || wanted == is
        }
        kept_or_equal(self.version.as_ref(), deployment.version.as_ref().map(|version| &version.id))
            && kept_or_equal(self.hardware.as_ref(), deployment.hardware.as_ref())
            && kept_or_equal(self.min_instances.as_ref(), deployment.min_instances.as_ref())
            && kept_or_equal(self.max_instances.as_ref(), deployment.max_instances.as_ref())
    }
}

/// Checks the service's limits without sending a request.
fn check_instances(min: Option<u32>, max: Option<u32>) -> Result<(), ReplicateFailure> {
    let (field, description) = match (min, max) {
        (Some(6..), _) => ("min_instances", "at most 5"),
        (_, Some(21..)) => ("max_instances", "at most 20"),
        (Some(min), Some(max)) if min > max => ("max_instances", "not below min_instances"),
        _ => return Ok(()),
    };
    let fields = vec![InvalidField { field: field.to_owned(), rule: None, description: description.to_owned() }];
    Err(ReplicateFailure::InvalidInput { fields, detail: format!("{field} must be {description}") })
}

impl RealReplicate {
    /// Sends a change of a deployment. If the response is lost, reads the deployment before sending the change again.
    async fn change(&self, call: &Call, owner: &str, name: &str, wanted: &DeploymentPatch) -> Result<Deployment, ReplicateError> {
        let mut waits = self.retry.waits();
        let mut may_be_done = false;
        loop {
            let outcome = self.send(call).await.and_then(|reply| reply.read::<RawDeployment>(call));
            let error = match outcome {
                Ok(changed) => return Ok(changed.into()),
                Err(error) => error,
            };
            let wait = match error.failure().effect() {
                Effect::NotExecuted(wait) => wait,
                Effect::Unknown(wait) => {
                    may_be_done = true;
                    wait
                }
                // The name is taken, possibly by the first attempt.
                Effect::Refused if may_be_done && matches!(error.failure(), ReplicateFailure::Conflict { .. }) => None,
                Effect::Refused => return Err(error),
            };
            if may_be_done
                && let Some(is) = self.deployment(owner, name).await?
                && wanted.is_met_by(&is)
            {
                return Ok(is);
            }
            let Some(own) = waits.next() else { return Err(error) };
            // Nobody holds this token: dropping the future ends the wait.
            let _ = pause(wait.unwrap_or(own).min(self.retry.longest_wait), &CancellationToken::new()).await;
        }
    }
}

impl Deployments for RealReplicate {
    fn deployment<'a>(&'a self, owner: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<Deployment>, ReplicateError>> {
        Box::pin(async move {
            let call = Call::get(self.base.join(&["deployments", owner, name]), format!("get the deployment {owner}/{name}"));
            let reply = Self::found(self.ask(&call).await)?;
            Ok(reply.map(|reply| reply.read::<RawDeployment>(&call)).transpose()?.map(Deployment::from))
        })
    }

    fn create_deployment<'a>(&'a self, new: &'a NewDeployment) -> BoxFuture<'a, Result<Deployment, ReplicateError>> {
        Box::pin(async move {
            let NewDeployment { owner, name, version, hardware, min_instances, max_instances } = new;
            let call = Call::post(self.base.join(&["deployments"]), format!("create the deployment {owner}/{name} on {hardware}"));
            check_instances(Some(*min_instances), Some(*max_instances)).map_err(|failure| call.failed(failure))?;
            let call = call.json(json!({
                "name": name,
                "model": version.model.to_string(),
                "version": version.id.as_str(),
                "hardware": hardware,
                "min_instances": min_instances,
                "max_instances": max_instances,
            }));
            let wanted = DeploymentPatch {
                version: Some(version.id.clone()),
                hardware: Some(hardware.clone()),
                min_instances: Some(*min_instances),
                max_instances: Some(*max_instances),
            };
            self.change(&call, owner, name, &wanted).await
        })
    }

    fn update_deployment<'a>(
        &'a self,
        owner: &'a str,
        name: &'a str,
        patch: &'a DeploymentPatch,
    ) -> BoxFuture<'a, Result<DeploymentUpdate, ReplicateError>> {
        Box::pin(async move {
            let url = self.base.join(&["deployments", owner, name]);
            let call = Call::new(Method::PATCH, url, format!("update the deployment {owner}/{name}"));
            check_instances(patch.min_instances, patch.max_instances).map_err(|failure| call.failed(failure))?;
            let Some(deployment) = self.deployment(owner, name).await? else {
                return Err(call.failed(ReplicateFailure::NotFound { detail: "no such deployment".to_owned() }));
            };
            if patch.is_met_by(&deployment) {
                return Ok(DeploymentUpdate { deployment, changed: false });
            }
            let members = [
                ("version", patch.version.as_ref().map(|version| json!(version.as_str()))),
                ("hardware", patch.hardware.as_ref().map(|hardware| json!(hardware))),
                ("min_instances", patch.min_instances.map(|min| json!(min))),
                ("max_instances", patch.max_instances.map(|max| json!(max))),
            ];
            let body: Map<String, Value> =
                members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
            let deployment = self.change(&call.json(Value::Object(body)), owner, name, patch).await?;
            Ok(DeploymentUpdate { deployment, changed: true })
        })
    }
}
