//! The one loop over the models of a run.

use futures::future::BoxFuture;

use crate::domain::report::{ModelReport, RunReport};
use crate::domain::verdict::Verdict;
use crate::pipeline::ModelRun;
use crate::pipeline::context::RunContext;
use crate::pipeline::record::ModelRecord;

/// The stages that a model goes through.
pub(super) trait Course: Sync {
    /// Runs the stages in order, [concludes](ModelRecord::conclude) the record, and cleans up.
    fn run<'a>(&'a self, record: &'a mut ModelRecord<'_>) -> BoxFuture<'a, ()>;
}

/// Takes models through their stages one after the other.
pub(super) async fn run_each(models: &[ModelRun], course: &dyn Course, context: &RunContext<'_>) -> RunReport {
    let (started_at, started) = (context.clock.now(), context.clock.instant());
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
        duration: context.clock.instant().saturating_duration_since(started),
        verdict: reports.iter().map(|model| model.verdict).max().unwrap_or(Verdict::Passed),
        models: reports,
        notices: context.options.notices.clone(),
    }
}

/// The reason not to run the next model at all.
fn refusal(reports: &[ModelReport], context: &RunContext<'_>) -> Option<(Verdict, &'static str)> {
    if context.cancelled.is_cancelled() {
        return Some((Verdict::Cancelled, "the run was canceled"));
    }
    let is_unpaid = reports.iter().any(|model| model.verdict == Verdict::Billing);
    is_unpaid.then_some((Verdict::Billing, "the account cannot pay for predictions"))
}
