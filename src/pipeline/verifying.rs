//! The verify stage: what passed is cleared.

use std::path::PathBuf;

use cog_findings::text::count;
use serde_json::Value;

use crate::domain::cleared::{Cleared, Staged, Verified};
use crate::domain::cost::{Cost, usd_per_second};
use crate::domain::identity::VersionRef;
use crate::domain::plan::{ModelPlan, TrainPlan};
use crate::pipeline::context::RunContext;
use crate::pipeline::state::{Done, ModelState};
use crate::pipeline::stop::Stop;
use crate::pipeline::{ModelRun, Services};
use crate::publish::find_or_create_destination;
use crate::verify::{VerifyRequest, VerifyServices, verify};

/// What may be published, and where to.
pub(super) struct ClearedModels {
    /// The live model.
    pub(super) live: Cleared,
    /// The official model, when there is one.
    pub(super) official: Option<Cleared>,
}

/// Verifies a staged version and clears it.
pub(super) async fn run(
    state: &mut ModelState<'_>,
    run: &ModelRun,
    staged: Staged,
    schema: &Value,
    live: Option<&VersionRef>,
    services: &Services,
    context: &RunContext<'_>,
) -> Result<Done<ClearedModels>, Stop> {
    drive(state, &run.plan, &staged.version, schema, live, &services.verifying(), context).await?;
    let verified = Verified::new(staged, state.report.cases.clone(), state.report.findings.clone());
    let official = match &run.plan.official_model {
        Some(model) => Some(verified.clone().clear(model.clone())?),
        None => None,
    };
    let live = verified.clear(run.plan.model.clone())?;
    Ok(Done::new(ClearedModels { live, official }, count(state.report.cases.len(), "case")))
}

/// Runs the predictions; their outcome goes into the report, also when something stops them.
pub(super) async fn drive(
    state: &mut ModelState<'_>,
    plan: &ModelPlan,
    version: &VersionRef,
    schema: &Value,
    live: Option<&VersionRef>,
    services: &VerifyServices,
    context: &RunContext<'_>,
) -> Result<(), Stop> {
    let outputs: Option<PathBuf> = context.options.keep_outputs.as_ref().map(|folder| folder.join(&plan.name));
    let train = match &plan.train {
        Some(train) if train.trains() => {
            prepare_destination(state, train, services, context).await?;
            Some(train)
        }
        Some(_) => {
            state.notice("the train section has no test cases and no fuzz, so nothing is trained");
            None
        }
        None => None,
    };
    let request = VerifyRequest {
        name: &plan.name,
        plan: &plan.predict,
        train,
        limits: &plan.limits,
        parallel: plan.parallel,
        version,
        live,
        schema,
        keep_outputs: outputs.as_deref(),
    };
    let outcome = verify(&request, services, context.observer, context.cancelled).await;
    state.report.cases = outcome.cases;
    state.report.trained = outcome.trained;
    state.report.seed = outcome.seed;
    state.report.cost += priced(outcome.cost, plan);
    for finding in outcome.findings {
        // `verify` told it when it was found.
        state.keep(finding);
    }
    outcome.stopped.map_or(Ok(()), |error| Err(error.into()))
}

/// Trainings need a model to end in.
async fn prepare_destination(
    state: &mut ModelState<'_>,
    plan: &TrainPlan,
    services: &VerifyServices,
    context: &RunContext<'_>,
) -> Result<(), Stop> {
    let TrainPlan { destination, destination_hardware, .. } = plan;
    let replicate = services.replicate.as_ref();
    let prepared = find_or_create_destination(destination, destination_hardware, replicate, context.cancelled).await?;
    if prepared.created {
        state.notice(format!("created the private model {destination}, which test trainings end in"));
    }
    state.found(prepared.findings);
    Ok(())
}

/// The cost with an estimate in dollars, where the hardware is known and has a public price.
fn priced(cost: Cost, plan: &ModelPlan) -> Cost {
    let price = plan.test_hardware.as_deref().and_then(usd_per_second);
    Cost { estimated_usd: cost.estimated_usd.or_else(|| price.map(|price| price * cost.predict_seconds)), ..cost }
}
