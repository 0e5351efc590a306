//! One run of the action, as GitHub shows it: check runs, the comment, the job summary, outputs and annotations.
//!
//! Each of them is a target of its own. One that is not reached is a warning in the log; the others and the verdict stay as they are.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::cli::action::event::Event;
use crate::cli::action::step::{ActionStep, OUTPUT_BYTES, SUMMARY_BYTES};
use crate::cli::conclude::Delivered;
use crate::clients::github::GitHub;
use crate::clients::runner::{AnnotationLevel, LogAnnotation, annotation};
use crate::config::CommentMode;
use crate::deliver::github::{Checks, CommentOutcome, refresh_comment};
use crate::deliver::{Target, Undelivered};
use crate::domain::model_name::ModelName;
use crate::domain::verdict::Verdict;
use crate::report::github as rendering;
use crate::report::github::annotations;
use crate::report::json::v1::{Model, Run};
use crate::report::markdown::report_markdown;
use crate::select::outputs;
use crate::support::clock::{Clock, SystemClock};
use crate::support::secrets::Redacted;

/// After a canceled run GitHub kills the process soon, so its check runs are completed within this time.
const LAST_WORDS: Duration = Duration::from_millis(1500);

/// Annotations in the log that the runner keeps for each level.
const LOG_ANNOTATIONS: usize = 10;

/// One run of the action.
pub(in crate::cli) struct ActionRun {
    step: ActionStep,
    event: Event,
    checks: Option<(Arc<dyn GitHub>, Checks)>,
    comment: CommentMode,
}

impl ActionRun {
    /// Starts a check run for each model, as far as GitHub lets us.
    pub(in crate::cli) async fn begin(
        step: ActionStep,
        event: Event,
        github: Option<Arc<dyn GitHub>>,
        models: &[String],
        comment: CommentMode,
    ) -> Self {
        let mut checks = None;
        // A fork's token may only read: asking would be refused for certain.
        if let (Some(github), Some(head), false) = (github, step.head(&event), event.is_fork) {
            let (begun, undelivered) = Checks::begin(&*github, head, models, SystemClock.now()).await;
            undelivered.iter().for_each(|undelivered| step.warn(undelivered));
            checks = (!begun.is_empty()).then_some((github, begun));
        }
        Self { step, event, checks, comment }
    }

    /// Completes the check runs of a run that came to no result.
    pub(in crate::cli) async fn fail(self, message: &str, verdict: Verdict) {
        let Some((github, checks)) = self.checks else { return };
        let message = self.step.printer().redactor().text(message).into_inner();
        for undelivered in checks.fail(&*github, &message, verdict, SystemClock.now()).await {
            self.step.warn(&undelivered);
        }
    }

    /// Completes the check runs, refreshes the comment, and leaves the job summary, outputs and annotations.
    pub(in crate::cli) async fn end(self, run: &Redacted<Run>, delivered: Delivered) {
        let Self { step, event, checks, comment } = self;
        let Delivered { folder, created, mut undelivered } = delivered;
        let has_check_run: Vec<String> = checks.iter().flat_map(|(_, checks)| checks.models()).map(str::to_owned).collect();
        if let Some((github, checks)) = checks {
            let is_cancelled = run.verdict == Verdict::Cancelled;
            let head = checks.head().clone();
            undelivered.extend(within_last_words(is_cancelled, checks.end(&*github, run, SystemClock.now())).await);
            if let (false, Some(number), CommentMode::Update) = (is_cancelled, event.pull_request, comment) {
                undelivered.extend(refresh(&*github, number, &head.sha, head.run_id).await.err());
            }
        }
        undelivered.extend(step.add_summary(&report_markdown(run, SUMMARY_BYTES)).err());
        undelivered.extend(step.give_away(&created).err());
        undelivered.extend(set_outputs(&step, run, folder.as_deref()));
        undelivered.iter().for_each(|undelivered| step.warn(undelivered));
        step.leave();
        for line in log_annotations(run.models.iter().filter(|model| !has_check_run.contains(&model.name))) {
            step.printer().command(&line);
        }
    }
}

async fn within_last_words(is_cancelled: bool, ended: impl Future<Output = Vec<Undelivered>>) -> Vec<Undelivered> {
    if is_cancelled { timeout(LAST_WORDS, ended).await.unwrap_or_default() } else { ended.await }
}

async fn refresh(github: &dyn GitHub, number: u64, head_sha: &str, run_id: u64) -> Result<(), Undelivered> {
    match refresh_comment(github, number, head_sha, run_id, false).await {
        Ok(CommentOutcome::Unsettled) => Err(Undelivered {
            target: Target::Comment,
            message: "other jobs kept writing it, so it may lack a model".to_owned(),
            hint: None,
        }),
        Ok(CommentOutcome::Written | CommentOutcome::Newer | CommentOutcome::LeftToLastJob) => Ok(()),
        Err(error) => Err(Undelivered::at_github(Target::Comment, &error)),
    }
}

fn set_outputs(step: &ActionStep, run: &Run, report: Option<&Path>) -> Vec<Undelivered> {
    let versions: serde_json::Map<String, serde_json::Value> =
        run.models.iter().filter_map(|model| Some((model.name.clone(), model.versions.live.clone()?.into()))).collect();
    let names: Vec<ModelName> = run.models.iter().filter_map(|model| model.name.parse().ok()).collect();
    let report = report.map(|report| ("report_path", step.within_workspace(report).display().to_string()));
    let values = [
        ("verdict", run.verdict.as_str().to_owned()),
        ("matrix", outputs(&names).matrix.to_string()),
        ("versions", serde_json::Value::Object(versions).to_string()),
        ("summary", report_markdown(run, OUTPUT_BYTES)),
    ];
    values.into_iter().chain(report).filter_map(|(name, value)| step.set_output(name, &value).err()).collect()
}

/// The first findings of each level, as commands.
fn log_annotations<'a>(models: impl Iterator<Item = &'a Model>) -> Vec<String> {
    let mut used = [0; 3];
    let lines = models.flat_map(annotations).filter_map(|found| {
        let (slot, level) = match found.level {
            rendering::AnnotationLevel::Failure => (0, AnnotationLevel::Error),
            rendering::AnnotationLevel::Warning => (1, AnnotationLevel::Warning),
            rendering::AnnotationLevel::Notice => (2, AnnotationLevel::Notice),
        };
        used[slot] += 1;
        (used[slot] <= LOG_ANNOTATIONS).then(|| {
            annotation(&LogAnnotation {
                level,
                file: Some(found.path),
                line: Some(found.line),
                column: None,
                end_column: None,
                title: found.title,
                message: found.message,
            })
        })
    });
    lines.collect()
}
