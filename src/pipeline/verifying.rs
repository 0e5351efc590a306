//! The verify stage: a version that passes is cleared.

use std::path::PathBuf;

use cog_findings::Finding;
use cog_findings::text::count;
use serde_json::Value;

use crate::clients::registry::RegistryWriter;
use crate::domain::case::TestedOn;
use crate::domain::cleared::{Cleared, Staged, Verified};
use crate::domain::cost::{Cost, usd_per_second};
use crate::domain::identity::VersionRef;
use crate::domain::plan::{ModelPlan, TrainPlan};
use crate::domain::report::Stage;
use crate::inspect::apply_policy;
use crate::pipeline::case_files::{CaseFiles, Sending};
use crate::pipeline::grace::at_once;
use crate::pipeline::lookup::ReplicateFacts;
use crate::pipeline::record::{Done, ModelRecord, StageWork};
use crate::pipeline::stop::Stop;
use crate::pipeline::weighing::weigh_images;
use crate::publish::find_or_create_destination;
use crate::verify::{JudgeProof, VerifyRequest, VerifyServices, verify};

/// The models that a version may be published to.
pub(super) struct ClearedModels {
    pub(super) live: Cleared,
    /// The official model, if the plan has one.
    pub(super) official: Option<Cleared>,
}

/// Verifies a staged version and clears it.
pub(super) struct Verifying<'a> {
    pub(super) staged: Staged,
    pub(super) schema: &'a Value,
    pub(super) replicate: &'a ReplicateFacts,
    pub(super) services: &'a VerifyServices,
    /// The registry, asked for the sizes of both images.
    pub(super) writer: Option<&'a dyn RegistryWriter>,
}

impl StageWork for Verifying<'_> {
    const STAGE: Stage = Stage::Verify;
    type Value = ClearedModels;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<ClearedModels>, Stop> {
        let Self { staged, schema, replicate, services, writer } = self;
        let live = replicate.live.as_ref().map(|live| &live.version);
        let plan = &record.model.plan;
        // The judge was proven before the build.
        drive(record, (&staged.version, TestedOn::Test), schema, live, services, JudgeProof::Done).await?;
        if let (Some(live), Some(writer)) = (live, writer) {
            weigh_images(record, &staged.version, live, writer).await?;
        }
        let verified = Verified::new(staged, record.report.cases.clone(), record.report.findings.clone());
        let official = match &plan.official_model {
            Some(model) => Some(verified.clone().clear(model.clone(), replicate.official.clone())?),
            None => None,
        };
        let live = verified.clear(plan.model.clone(), replicate.replaces())?;
        Ok(Done::new(ClearedModels { live, official }, count(record.report.cases.len(), "case")))
    }
}

/// Runs the predictions. Their outcome goes into the report even if the verification stops early.
pub(super) async fn drive(
    record: &mut ModelRecord<'_>,
    (version, on): (&VersionRef, TestedOn),
    schema: &Value,
    live: Option<&VersionRef>,
    services: &VerifyServices,
    judge_proof: JudgeProof,
) -> Result<(), Stop> {
    let (plan, context) = (&record.model.plan, record.context);
    let outputs: Option<PathBuf> = context.options.keep_outputs.as_ref().map(|folder| folder.join(&plan.name));
    let files = CaseFiles::read(plan.repository(), &plan.predict, plan.train.as_ref(), Some(schema));
    record.found(files.findings.clone());
    if files.findings.iter().any(Finding::is_error) {
        return Err(Stop::misconfigured("a file of a test case cannot be read", "name a file of the repository"));
    }
    let sending = Sending::Upload(services.replicate.as_ref());
    let (predict, train) = at_once(files.apply(&plan.predict, plan.train.as_ref(), sending), context.cancelled).await?;
    let train = match &train {
        // A Cog server has no trainings, as a notice said before.
        Some(_) if services.replicate.is_cog_server() => None,
        Some(train) if train.trains() => {
            prepare_destination(record, train, services).await?;
            Some(train)
        }
        Some(_) => {
            record.notice("the train section has no test cases and no fuzz, so nothing is trained");
            None
        }
        None => None,
    };
    let request = VerifyRequest {
        name: &plan.name,
        plan: &predict,
        train,
        limits: &plan.limits,
        parallel: plan.parallel,
        on,
        version,
        through: None,
        live,
        schema,
        keep_outputs: outputs.as_deref(),
        judge_proof,
    };
    let outcome = verify(&request, services, context.observer, context.cancelled).await;
    record.report.cases = outcome.cases;
    record.report.before_after = outcome.before_after;
    record.report.trained = outcome.trained;
    record.report.seed = outcome.seed;
    record.report.cost += priced(outcome.cost, plan);
    // `verify` emitted them when they were found.
    let applied = apply_policy(outcome.findings, &plan.inspect);
    record.report.ignored.extend(applied.ignored);
    for finding in applied.findings {
        record.keep(finding);
    }
    outcome.stopped.map_or(Ok(()), |error| Err(error.into()))
}

/// Finds or creates the destination of trainings.
async fn prepare_destination(record: &mut ModelRecord<'_>, plan: &TrainPlan, services: &VerifyServices) -> Result<(), Stop> {
    let TrainPlan { destination, destination_hardware, .. } = plan;
    let (replicate, cancelled) = (services.replicate.as_ref(), record.context.cancelled);
    let prepared = find_or_create_destination(destination, destination_hardware, replicate, cancelled).await?;
    if prepared.created {
        record.notice(format!("created the private model {destination}, which test trainings end in"));
    }
    record.found(prepared.findings);
    Ok(())
}

/// Adds an estimate in dollars to the cost, if the hardware is known and has a public price.
fn priced(cost: Cost, plan: &ModelPlan) -> Cost {
    let price = plan.test_hardware.as_deref().and_then(usd_per_second);
    Cost { estimated_usd: cost.estimated_usd.or_else(|| price.map(|price| price * cost.predict_seconds)), ..cost }
}
