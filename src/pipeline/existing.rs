//! Verify alone, against a version that is already there.

use cog_findings::text::count;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::Replicate;
use crate::domain::cleared::Blocked;
use crate::domain::events::Observer;
use crate::domain::identity::{ModelRef, VersionId, VersionRef};
use crate::domain::report::{ModelReport, RunReport, Stage};
use crate::inspect::{Tools, live_version};
use crate::pipeline::context::RunContext;
use crate::pipeline::grace::{at_once, within_grace};
use crate::pipeline::inspecting::{About, check_destination, judge};
use crate::pipeline::run::RunRecord;
use crate::pipeline::state::{Done, Halt, ModelState};
use crate::pipeline::stop::Stop;
use crate::pipeline::verifying::drive;
use crate::pipeline::{ModelRun, RunOptions};
use crate::verify::{VerifyServices, check_plan};

/// A version that is already there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingVersion {
    /// Its model: any, whatever the plan names.
    pub model: ModelRef,
    /// Its id; `None` for the version pushed last.
    pub id: Option<VersionId>,
}

/// What is known of it.
struct Found {
    version: VersionRef,
    schema: Value,
    live: Option<VersionRef>,
}

/// Asks an existing version what the plan asks of a staged one. Nothing is built, pushed or published.
///
/// It is compared with the live version of the plan's model, unless it is that very version.
pub async fn verify_existing(
    model: ModelRun,
    existing: &ExistingVersion,
    services: &VerifyServices,
    options: &RunOptions,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> RunReport {
    let clock = services.clock.as_ref();
    // Nothing is inspected, so no program is started.
    let tools = Tools::default();
    let context =
        RunContext::new(Some(services.replicate.as_ref()), services.judge.is_some(), clock, &tools, options, observer, cancelled);
    let mut record = RunRecord::begin(clock);
    record.models.push(verify_model(&model, existing, services, &context).await);
    record.finish(options, clock)
}

async fn verify_model(
    run: &ModelRun,
    existing: &ExistingVersion,
    services: &VerifyServices,
    context: &RunContext<'_>,
) -> ModelReport {
    let mut state = ModelState::begin(run, context);
    let reason = match stages(&mut state, run, existing, services, context).await {
        Ok(()) => "nothing is published: the version was there".to_owned(),
        Err(Halt) => state.halt_reason(),
    };
    state.skip_rest(&reason);
    state.finish()
}

async fn stages(
    state: &mut ModelState<'_>,
    run: &ModelRun,
    existing: &ExistingVersion,
    services: &VerifyServices,
    context: &RunContext<'_>,
) -> Result<(), Halt> {
    let begun = state.begin_stage(Stage::Inspect)?;
    let outcome = within_grace(look_up(state, run, existing, services, context), context.cancelled).await;
    let found = state.end_stage(begun, outcome)?;
    for stage in [Stage::Build, Stage::Stage] {
        state.skip(stage, "the version was there");
    }
    let begun = state.begin_stage(Stage::Verify)?;
    let outcome = within_grace(verify(state, run, &found, services, context), context.cancelled).await;
    state.end_stage(begun, outcome)
}

async fn look_up(
    state: &mut ModelState<'_>,
    run: &ModelRun,
    existing: &ExistingVersion,
    services: &VerifyServices,
    context: &RunContext<'_>,
) -> Result<Done<Found>, Stop> {
    check_destination(&run.plan)?;
    let replicate = services.replicate.as_ref();
    state.found(run.config_findings.clone());
    let asking = async {
        context.account(replicate).await?;
        let (version, schema) = find(existing, replicate).await?;
        let live = live_version(replicate, &run.plan.model).await?.map(|live| live.version).filter(|live| *live != version);
        Ok::<_, Stop>((version, schema, live))
    };
    let (version, schema, live) = at_once(asking, context.cancelled).await?;
    state.report.staged = Some(version.clone());
    state.report.previous = live.clone();
    state.found(check_plan(&run.plan.predict, run.plan.train.as_ref(), Some(&schema), context.has_judge));
    // All that is looked at here was written into the configuration.
    judge(&state.report.findings, |_finding| About::Plan)?;
    let note = format!("{}:{}", version.model, version.id.short());
    Ok(Done::new(Found { version, schema, live }, note))
}

/// The version and its schema.
async fn find(existing: &ExistingVersion, replicate: &dyn Replicate) -> Result<(VersionRef, Value), Stop> {
    let ExistingVersion { model, id } = existing;
    let Some(found) = replicate.model(model).await? else {
        return Err(Stop::misconfigured(
            format!("the model {model} does not exist, or the API token cannot see it"),
            "check the name, and that the token belongs to the account that can see it",
        ));
    };
    if found.is_official {
        return Err(Stop::misconfigured(
            format!("{model} is an official model, whose versions cannot be addressed"),
            "verify the version of the model it is published from",
        ));
    }
    let version = match id {
        None => found.latest_version,
        Some(id) => replicate.version(&VersionRef { model: model.clone(), id: id.clone() }).await?,
    };
    let Some(version) = version else {
        let wanted = id.as_ref().map_or_else(|| "any version".to_owned(), |id| format!("the version {id}"));
        return Err(Stop::misconfigured(
            format!("{model} does not have {wanted}"),
            format!("see https://replicate.com/{model}/versions"),
        ));
    };
    let reference = VersionRef { model: model.clone(), id: version.id };
    match version.openapi_schema {
        Some(schema) => Ok((reference, schema)),
        None => Err(Stop::misconfigured(
            format!("{reference} has no schema, so there is nothing to make inputs from"),
            "verify a version that was pushed with Cog 0.3.9 or later",
        )),
    }
}

async fn verify(
    state: &mut ModelState<'_>,
    run: &ModelRun,
    found: &Found,
    services: &VerifyServices,
    context: &RunContext<'_>,
) -> Result<Done<()>, Stop> {
    drive(state, &run.plan, &found.version, &found.schema, found.live.as_ref(), services, context).await?;
    Blocked::find(&state.report.cases, &state.report.findings)?;
    Ok(Done::new((), count(state.report.cases.len(), "case")))
}
