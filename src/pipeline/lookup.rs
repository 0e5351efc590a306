//! Questions to Replicate before a model is inspected.

use crate::clients::replicate::{Hardware, Replicate, ReplicateFailure};
use crate::domain::cleared::Replaced;
use crate::domain::identity::ModelRef;
use crate::domain::plan::{ModelPlan, PublishMode};
use crate::inspect::{LiveVersion, live_version};
use crate::pipeline::Goal;
use crate::pipeline::context::RunContext;
use crate::pipeline::stop::Stop;
use crate::publish::{ReadyRequest, check_ready, check_rights};

/// What Replicate said before the inspection.
pub(super) struct ReplicateFacts {
    /// The live version, asked for once: every comparison of the run uses the same one.
    pub(super) live: Option<LiveVersion>,
    /// The newest version of the official model.
    pub(super) official: Replaced,
    /// What the deployment runs.
    pub(super) deployed: Replaced,
    /// The account's hardware.
    pub(super) hardware: Option<Vec<Hardware>>,
}

impl ReplicateFacts {
    /// Without a token nothing is known.
    pub(super) fn unknown() -> Self {
        Self { live: None, official: Replaced::Hidden, deployed: Replaced::Hidden, hardware: None }
    }

    /// What a publication replaces.
    pub(super) fn replaces(&self) -> Replaced {
        Replaced::of(self.live.as_ref().map(|live| &live.version.id))
    }
}

/// Asks Replicate, and changes nothing. Whatever would stop a later stage stops the run here.
pub(super) async fn look_up(
    plan: &ModelPlan,
    replicate: &dyn Replicate,
    goal: Goal<'_>,
    context: &RunContext<'_>,
) -> Result<ReplicateFacts, Stop> {
    // A check needs no account of its own, and any call notices a token that is rejected.
    let account = match goal {
        Goal::Publish(_) => Some(context.account(replicate).await?),
        Goal::Check(_) | Goal::Build(_) => None,
    };
    let live = live_version(replicate, &plan.model).await?;
    let publishes = plan.publish == PublishMode::Publish;
    let (mut official, mut deployed) = (Replaced::Hidden, Replaced::Hidden);
    if let Some(account) = account {
        let request = ReadyRequest {
            account,
            test_model: &plan.test_model,
            test_hardware: plan.test_hardware.as_deref(),
            may_be_public: plan.allow.public_test_model,
            destination: plan.train.as_ref().filter(|train| train.trains()).map(|train| &train.destination),
            live: (publishes && live.is_none()).then_some(&plan.model),
            deployment: plan.deployment.as_ref().filter(|_| publishes),
        };
        let ready = check_ready(&request, replicate).await?;
        deployed = ready.deployed;
        if let Goal::Publish(services) = goal
            && let Some(writer) = services.publish.writer.as_deref()
        {
            let staged = (!ready.test_model_missing).then_some(&plan.test_model);
            let published = [Some(&plan.model), plan.official_model.as_ref()].into_iter().flatten().filter(|_| publishes);
            let models: Vec<_> = staged.into_iter().chain(published).collect();
            check_rights(&models, writer).await?;
        }
        if let Some(model) = plan.official_model.as_ref().filter(|_| publishes) {
            official = newest(replicate, model).await?;
        }
    }
    let names_hardware = plan.test_hardware.is_some() || plan.train.is_some() || plan.deployment.is_some();
    let hardware = if names_hardware { Some(context.hardware(replicate).await?.to_vec()) } else { None };
    Ok(ReplicateFacts { live, official, deployed, hardware })
}

/// The newest version of an official model, which some tokens may not see: `docs/reference/replicate-api.md#official-models`.
async fn newest(replicate: &dyn Replicate, model: &ModelRef) -> Result<Replaced, Stop> {
    match replicate.model(model).await {
        Ok(Some(found)) => Ok(Replaced::of(found.latest_version.as_ref().map(|version| &version.id))),
        Ok(None) => Ok(Replaced::Hidden),
        Err(error) if matches!(error.failure(), ReplicateFailure::Forbidden { .. }) => Ok(Replaced::Hidden),
        Err(error) => Err(error.into()),
    }
}
