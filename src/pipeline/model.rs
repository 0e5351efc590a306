//! One model through all stages.

use std::time::Duration;

use tokio::time::timeout;

use crate::domain::plan::PublishMode;
use crate::domain::report::{ModelReport, Stage};
use crate::pipeline::context::RunContext;
use crate::pipeline::grace::{FORGET_TIME, within_grace};
use crate::pipeline::second_pass::FirstPass;
use crate::pipeline::state::{Halt, ModelState};
use crate::pipeline::{Goal, ModelRun, Services, building, deploying, inspecting, publishing, staging, verifying};

/// How long the daemon may take to forget an image when nobody waits for the end.
const PATIENT_FORGET_TIME: Duration = Duration::from_secs(30);

/// Runs one model as far as the goal and its plan go.
pub(super) async fn run_model(run: &ModelRun, services: &Services, context: &RunContext<'_>) -> ModelReport {
    let mut state = ModelState::begin(run, context);
    let mut images = Vec::new();
    let reason = match stages(&mut state, run, &mut images, services, context).await {
        Ok(reason) => reason.to_owned(),
        Err(Halt) => state.halt_reason(),
    };
    state.skip_rest(&reason);
    for image in images {
        forget(&image, services, context).await;
    }
    if let Some(key) = &run.key_files {
        for left in key.put_back().await {
            state.notice(left);
        }
    }
    state.finish()
}

/// The stages in order. `Ok` says why those that were not entered were not needed.
async fn stages(
    state: &mut ModelState<'_>,
    run: &ModelRun,
    images: &mut Vec<String>,
    services: &Services,
    context: &RunContext<'_>,
) -> Result<&'static str, Halt> {
    let cancelled = context.cancelled;
    let goal = context.options.goal;

    let begun = state.begin_stage(Stage::Inspect)?;
    let outcome = within_grace(inspecting::run(state, run, context), cancelled).await;
    let model = state.end_stage(begun, outcome)?;
    if goal == Goal::Check {
        return Ok("only a check was asked for");
    }

    let begun = state.begin_stage(Stage::Build)?;
    let name = building::name_of(&model.inspected.project, goal, None);
    if goal == Goal::Publish && run.plan.build.image.is_none() {
        images.push(name.clone());
    }
    let outcome = within_grace(building::run(state, run, &model, &name, services.images(), context), cancelled).await;
    let built = state.end_stage(begun, outcome)?;
    if goal == Goal::Build {
        return Ok("only a build was asked for");
    }

    let begun = state.begin_stage(Stage::Stage)?;
    let outcome = within_grace(staging::run(state, run, &built, services, context), cancelled).await;
    let staged = state.end_stage(begun, outcome)?;

    let begun = state.begin_stage(Stage::Verify)?;
    let live = model.known.live.as_ref().map(|live| &live.version);
    let verifying = verifying::run(state, run, staged, &built.schema, live, services, context);
    let outcome = within_grace(verifying, cancelled).await;
    let cleared = state.end_stage(begun, outcome)?;
    if run.plan.publish == PublishMode::TestOnly {
        return Ok("test only: nothing is published");
    }

    let begun = state.begin_stage(Stage::Publish)?;
    let second_name = building::name_of(&model.inspected.project, goal, None);
    if model.key.is_some() {
        images.push(second_name.clone());
    }
    let first = FirstPass { model: &model, built: &built, second_name: &second_name };
    let outcome = within_grace(publishing::run(state, run, &cleared, &first, services, context), cancelled).await;
    let published = state.end_stage(begun, outcome)?;

    let Some(deployment) = &run.plan.deployment else { return Ok("no deployment is configured") };
    let begun = state.begin_stage(Stage::Deploy)?;
    let outcome = within_grace(deploying::run(state, deployment, &published, services, context), cancelled).await;
    state.end_stage(begun, outcome)?;
    Ok("")
}

/// Takes the built image's name from the daemon. Its layers stay in the build cache.
async fn forget(image: &str, services: &Services, context: &RunContext<'_>) {
    let limit = if context.cancelled.is_cancelled() { FORGET_TIME } else { PATIENT_FORGET_TIME };
    match timeout(limit, services.docker.remove_image(image)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, image, "the built image could not be removed from the Docker daemon"),
        Err(_elapsed) => tracing::warn!(image, "the Docker daemon did not remove the built image in time"),
    }
}
