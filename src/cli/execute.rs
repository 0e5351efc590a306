//! A run on connected services: what `run` and the demo have in common.

use crate::cli::conclude::options;
use crate::cli::context::Context;
use crate::cli::services::Connected;
use crate::domain::events::Observer;
use crate::domain::report::RunReport;
use crate::pipeline::{self, Goal, ModelRun};

/// Runs the models one after another.
pub(super) async fn execute(runs: Vec<ModelRun>, connected: &Connected, observer: &dyn Observer, context: &Context) -> RunReport {
    let options = options(connected.notices.clone());
    pipeline::run(runs, Goal::Publish(&connected.services), &options, observer, &context.cancelled).await
}
