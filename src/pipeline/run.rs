//! A run of several models.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::domain::events::Observer;
use crate::domain::report::{ModelReport, RunReport};
use crate::domain::verdict::Verdict;
use crate::pipeline::context::RunContext;
use crate::pipeline::model::Push;
use crate::pipeline::record::ModelRecord;
use crate::pipeline::{Goal, ModelRun, RunOptions};

/// Runs models one after the other, as far as the goal goes, and reports what happened. Never fails: errors are in the report.
///
/// When `cancelled` fires, the current stage stops, what it started is stopped with it, and the report is returned within five seconds.
/// A model that does not pass does not keep the next from running, unless the account cannot pay.
pub async fn run(
    models: Vec<ModelRun>,
    goal: Goal<'_>,
    options: &RunOptions,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> RunReport {
    let services = goal.check_services();
    let context = RunContext::new(goal.has_judge(), services.clock.as_ref(), options, observer, cancelled);
    let push = Push { goal, is_one_of_several: models.len() > 1 };
    let mut report = run_each(&models, &push, &context).await;
    if services.replicate.is_none() {
        report.notices.push("without an API token the live version was not looked at".to_owned());
    }
    report
}

/// The stages that a model goes through.
#[async_trait]
pub(super) trait Course: Sync {
    /// Runs the stages in order, [concludes](ModelRecord::conclude) the record, and cleans up.
    async fn run(&self, record: &mut ModelRecord<'_>);
}

/// Takes models through their stages one after the other.
pub(super) async fn run_each(models: &[ModelRun], course: &dyn Course, context: &RunContext<'_>) -> RunReport {
    let (started_at, begun) = (context.clock.now(), context.clock.instant());
    let mut reports: Vec<ModelReport> = Vec::new();
    for model in models {
        let mut record = ModelRecord::begin(model, context);
        let report = match refusal(&reports, context) {
            Some((verdict, reason)) => record.refuse(verdict, reason),
            None => {
                course.run(&mut record).await;
                record.finish()
            }
        };
        reports.push(report);
    }
    RunReport {
        tool_version: context.options.tool_version.clone(),
        started_at,
        duration: context.clock.instant().saturating_duration_since(begun),
        verdict: reports.iter().map(|model| model.verdict).max().unwrap_or(Verdict::Passed),
        models: reports,
        notices: context.options.notices.clone(),
    }
}

/// Why the next model is not run at all.
fn refusal(reports: &[ModelReport], context: &RunContext<'_>) -> Option<(Verdict, &'static str)> {
    if context.cancelled.is_cancelled() {
        return Some((Verdict::Cancelled, "the run was cancelled"));
    }
    let is_unpaid = reports.iter().any(|model| model.verdict == Verdict::Billing);
    is_unpaid.then_some((Verdict::Billing, "the account cannot pay for predictions"))
}
