//! The stage stage: push to the test model.

use crate::domain::cleared::Staged;
use crate::pipeline::building::BuiltModel;
use crate::pipeline::context::RunContext;
use crate::pipeline::state::{Done, ModelState};
use crate::pipeline::stop::Stop;
use crate::pipeline::{ModelRun, Services};
use crate::publish::{StageRequest, VERSION_LIMIT, stage};

/// Stages an image.
pub(super) async fn run(
    state: &mut ModelState<'_>,
    run: &ModelRun,
    built: &BuiltModel,
    services: &Services,
    context: &RunContext<'_>,
) -> Result<Done<Staged>, Stop> {
    let plan = &run.plan;
    let request = StageRequest {
        name: &plan.name,
        image: &built.image,
        model: &plan.test_model,
        hardware: plan.test_hardware.as_deref(),
        version_limit: VERSION_LIMIT,
    };
    match stage(&request, &services.publishing(), context.observer, context.cancelled).await {
        Ok(done) => {
            state.report.staged = Some(done.staged.version.clone());
            state.found(done.findings);
            let note = format!("{}:{}", plan.test_model, done.staged.version.id.short());
            Ok(Done::new(done.staged, note))
        }
        Err(error) => {
            state.report.staged = error.pushed().cloned();
            Err(error.into())
        }
    }
}
