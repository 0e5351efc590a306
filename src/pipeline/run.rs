//! A run of several models.

use tokio_util::sync::CancellationToken;

use crate::domain::events::Observer;
use crate::domain::report::{ModelReport, RunReport};
use crate::domain::verdict::Verdict;
use crate::pipeline::context::RunContext;
use crate::pipeline::model::run_model;
use crate::pipeline::state::ModelState;
use crate::pipeline::{ModelRun, RunOptions, Services};
use crate::support::clock::Clock;

/// Runs models one after the other and tells what happened. Never fails: what goes wrong is in the report.
///
/// When `cancelled` fires, the stage that is under way stops, what it started is stopped with it, and the report comes within five
/// seconds. A model that does not pass does not keep the next from running, unless the account cannot pay.
pub async fn run(
    models: Vec<ModelRun>,
    services: &Services,
    options: &RunOptions,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> RunReport {
    let context = RunContext::new(
        Some(services.replicate.as_ref()),
        services.judge.is_some(),
        services.clock.as_ref(),
        &services.tools,
        options,
        observer,
        cancelled,
    );
    let mut record = RunRecord::begin(services.clock.as_ref());
    for model in &models {
        let report = match record.refusal(&context) {
            Some((verdict, reason)) => ModelState::begin(model, &context).refuse(verdict, reason),
            None => run_model(model, services, &context).await,
        };
        record.models.push(report);
    }
    record.finish(options, services.clock.as_ref())
}

/// A run's report while it grows.
pub(super) struct RunRecord {
    started_at: chrono::DateTime<chrono::Utc>,
    begun: tokio::time::Instant,
    pub(super) models: Vec<ModelReport>,
}

impl RunRecord {
    pub(super) fn begin(clock: &dyn Clock) -> Self {
        Self { started_at: clock.now(), begun: clock.instant(), models: Vec::new() }
    }

    /// Why the next model is not run at all.
    pub(super) fn refusal(&self, context: &RunContext<'_>) -> Option<(Verdict, &'static str)> {
        if context.cancelled.is_cancelled() {
            return Some((Verdict::Cancelled, "the run was cancelled"));
        }
        let is_unpaid = self.models.iter().any(|model| model.verdict == Verdict::Billing);
        is_unpaid.then_some((Verdict::Billing, "the account cannot pay for predictions"))
    }

    pub(super) fn finish(self, options: &RunOptions, clock: &dyn Clock) -> RunReport {
        RunReport {
            tool_version: options.tool_version.clone(),
            started_at: self.started_at,
            duration: clock.instant().saturating_duration_since(self.begun),
            verdict: self.models.iter().map(|model| model.verdict).max().unwrap_or(Verdict::Passed),
            models: self.models,
            notices: options.notices.clone(),
        }
    }
}
