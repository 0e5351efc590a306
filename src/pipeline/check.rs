//! Inspect alone.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::clients::replicate::Replicate;
use crate::domain::events::Observer;
use crate::domain::report::{ModelReport, RunReport, Stage};
use crate::inspect::Tools;
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

/// Inspects models, whatever `options.goal` says. Nothing is built, pushed or run; neither a Docker daemon nor a token is needed.
pub async fn check(
    models: Vec<ModelRun>,
    services: &CheckServices,
    options: &RunOptions,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> RunReport {
    let mut options = RunOptions { goal: Goal::Check, ..options.clone() };
    if services.replicate.is_none() {
        options.notices.push("without an API token the live version was not looked at".to_owned());
    }
    let clock = services.clock.as_ref();
    let context = RunContext::new(services.replicate.as_deref(), false, clock, &services.tools, &options, observer, cancelled);
    let mut record = RunRecord::begin(clock);
    for model in &models {
        let report = match record.refusal(&context) {
            Some((verdict, reason)) => ModelState::begin(model, &context).refuse(verdict, None, reason),
            None => check_model(model, &context).await,
        };
        record.models.push(report);
    }
    record.finish(&options, clock)
}

async fn check_model(run: &ModelRun, context: &RunContext<'_>) -> ModelReport {
    let mut state = ModelState::begin(run, context);
    let reason = match inspect(&mut state, run, context).await {
        Ok(()) => "only a check was asked for".to_owned(),
        Err(Halt) => state.halt_reason(),
    };
    state.skip_rest(&reason);
    state.finish()
}

async fn inspect(state: &mut ModelState<'_>, run: &ModelRun, context: &RunContext<'_>) -> Result<(), Halt> {
    let begun = state.begin_stage(Stage::Inspect)?;
    let outcome = within_grace(inspecting::run(state, run, context), context.cancelled).await;
    state.end_stage(begun, outcome).map(|_model| ())
}
