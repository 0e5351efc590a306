//! Questions to Replicate before a model is inspected.

use crate::clients::replicate::{Hardware, Replicate};
use crate::domain::plan::{ModelPlan, PublishMode};
use crate::inspect::{LiveVersion, live_version};
use crate::pipeline::Goal;
use crate::pipeline::context::RunContext;
use crate::pipeline::stop::Stop;
use crate::publish::{ReadyRequest, check_ready, check_rights};

/// What Replicate said before the inspection.
#[derive(Default)]
pub(super) struct ReplicateFacts {
    /// The live version, asked for once: every comparison of the run uses the same one.
    pub(super) live: Option<LiveVersion>,
    /// The account's hardware, if something is going to be created on it.
    pub(super) hardware: Option<Vec<Hardware>>,
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
    let needs_hardware = match (goal, account) {
        (Goal::Publish(services), Some(account)) => {
            let request = ReadyRequest {
                account,
                test_model: &plan.test_model,
                test_hardware: plan.test_hardware.as_deref(),
                destination: plan.train.as_ref().filter(|train| train.trains()).map(|train| &train.destination),
                live: (publishes && live.is_none()).then_some(&plan.model),
                deployment: plan.deployment.as_ref().filter(|_| publishes),
            };
            let ready = check_ready(&request, replicate).await?;
            if let Some(writer) = services.publish.writer.as_deref() {
                let staged = (!ready.test_model_missing).then_some(&plan.test_model);
                let published = [Some(&plan.model), plan.official_model.as_ref()].into_iter().flatten().filter(|_| publishes);
                let models: Vec<_> = staged.into_iter().chain(published).collect();
                check_rights(&models, writer).await?;
            }
            ready.needs_hardware
        }
        (Goal::Check(_), _) => plan.test_hardware.is_some() || plan.deployment.is_some(),
        _ => false,
    };
    let hardware = if needs_hardware { Some(replicate.hardware().await?) } else { None };
    Ok(ReplicateFacts { live, hardware })
}
