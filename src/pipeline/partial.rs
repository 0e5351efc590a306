//! Runs that end early and need less: inspect alone, and inspect and build.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::build::BuildEnvironment;
use crate::clients::docker::Docker;
use crate::clients::registry::Registry;
use crate::clients::replicate::Replicate;
use crate::domain::events::Observer;
use crate::domain::report::{ModelReport, RunReport, Stage};
use crate::inspect::Tools;
use crate::pipeline::building::{self, ImageServices};
use crate::pipeline::context::RunContext;
use crate::pipeline::grace::within_grace;
use crate::pipeline::run::RunRecord;
use crate::pipeline::state::{Halt, ModelState};
use crate::pipeline::{Goal, ModelRun, RunOptions, inspecting};
use crate::support::clock::Clock;

/// Whom a check talks to.
#[derive(Clone)]
pub struct CheckServices {
    /// The live version's schema and the account's hardware. Without a token neither is looked at.
    pub replicate: Option<Arc<dyn Replicate>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Programs that `inspect` starts.
    pub tools: Tools,
}

/// Whom a build talks to.
#[derive(Clone)]
pub struct BuildServices {
    /// What the check before the build needs.
    pub check: CheckServices,
    /// Images.
    pub docker: Arc<dyn Docker>,
    /// Where base images are looked up, when that is possible.
    pub registry: Option<Arc<dyn Registry>>,
    /// What a build needs to know of its surroundings.
    pub build: BuildEnvironment,
}

/// Inspects models, whatever `options.goal` says. Nothing is built, pushed or run; neither a Docker daemon nor a token is needed.
pub async fn check(
    models: Vec<ModelRun>,
    services: &CheckServices,
    options: &RunOptions,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> RunReport {
    let options = RunOptions { goal: Goal::Check, ..options.clone() };
    run_models(models, services, None, options, observer, cancelled).await
}

/// Inspects and builds models, whatever `options.goal` says. The images stay in the daemon under the names that Cog would give them. A
/// token is not needed.
pub async fn build_only(
    models: Vec<ModelRun>,
    services: &BuildServices,
    options: &RunOptions,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> RunReport {
    let options = RunOptions { goal: Goal::Build, ..options.clone() };
    let images =
        ImageServices { docker: services.docker.as_ref(), registry: services.registry.as_deref(), environment: &services.build };
    run_models(models, &services.check, Some(images), options, observer, cancelled).await
}

async fn run_models(
    models: Vec<ModelRun>,
    services: &CheckServices,
    images: Option<ImageServices<'_>>,
    mut options: RunOptions,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> RunReport {
    if services.replicate.is_none() {
        options.notices.push("without an API token the live version was not looked at".to_owned());
    }
    let clock = services.clock.as_ref();
    let context = RunContext::new(services.replicate.as_deref(), false, clock, &services.tools, &options, observer, cancelled);
    let mut record = RunRecord::begin(clock);
    for model in &models {
        let report = match record.refusal(&context) {
            Some((verdict, reason)) => ModelState::begin(model, &context).refuse(verdict, reason),
            None => run_model(model, models.len() > 1, images, &context).await,
        };
        record.models.push(report);
    }
    record.finish(&options, clock)
}

async fn run_model(
    run: &ModelRun,
    is_one_of_several: bool,
    images: Option<ImageServices<'_>>,
    context: &RunContext<'_>,
) -> ModelReport {
    let mut state = ModelState::begin(run, context);
    let reason = match stages(&mut state, run, is_one_of_several, images, context).await {
        Ok(reason) => reason.to_owned(),
        Err(Halt) => state.halt_reason(),
    };
    state.skip_rest(&reason);
    state.finish()
}

async fn stages(
    state: &mut ModelState<'_>,
    run: &ModelRun,
    is_one_of_several: bool,
    images: Option<ImageServices<'_>>,
    context: &RunContext<'_>,
) -> Result<&'static str, Halt> {
    let begun = state.begin_stage(Stage::Inspect)?;
    let outcome = within_grace(inspecting::run(state, run, context), context.cancelled).await;
    let model = state.end_stage(begun, outcome)?;
    let Some(images) = images else { return Ok("only a check was asked for") };
    let begun = state.begin_stage(Stage::Build)?;
    let name = building::name_of(&model.inspected.project, Goal::Build, is_one_of_several.then_some(run.plan.name.as_str()));
    let outcome = within_grace(building::run(state, run, &model, &name, images, context), context.cancelled).await;
    state.end_stage(begun, outcome)?;
    Ok("only a build was asked for")
}
