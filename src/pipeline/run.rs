//! A run of several models.

use tokio_util::sync::CancellationToken;

use crate::domain::events::Observer;
use crate::domain::report::RunReport;
use crate::pipeline::context::RunContext;
use crate::pipeline::course::run_each;
use crate::pipeline::model::Push;
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
    let context = RunContext::new((goal.judge(), goal.verifies()), services.clock.as_ref(), options, observer, cancelled);
    let push = Push { goal, is_one_of_several: models.len() > 1 };
    let mut report = run_each(&models, &push, &context).await;
    if services.replicate.is_none() {
        report.notices.push(match &services.against {
            Some(revision) => format!("compared with the revision {revision}; Replicate was not asked"),
            None => "without an API token the live version was not checked: set REPLICATE_API_TOKEN".to_owned(),
        });
    }
    report
}
