//! One run of the action, as GitHub shows it: check runs, the comment, the job summary, outputs and annotations.
//!
//! A run that ended before its models were known is reported like any other. The targets are independent: one that cannot be reached is a
//! warning in the log, and affects neither the others nor the verdict.

use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::cli::action::event::WorkflowEvent;
use crate::cli::action::places::places;
use crate::cli::action::step::{ActionStep, OUTPUT_BYTES, SUMMARY_BYTES};
use crate::cli::conclude::Delivered;
use crate::clients::github::GitHub;
use crate::clients::runner::{LogAnnotation, annotation};
use crate::config::CommentMode;
use crate::config::settings::Settings;
use crate::deliver::github::{
    Checks, CommentKnowledge, CommentOutcome, Completed, ImageBranch, ImagesByModel, Job, MODELS_FOR_EVERY_JOB, Overview,
    Placement, announce, close_superseded, refresh_comment, show_images,
};
use crate::deliver::{DeliveryTarget, Undelivered};
use crate::domain::annotation_level::AnnotationLevel;
use crate::domain::model_name::ModelName;
use crate::domain::verdict::Verdict;
use crate::report::github as rendering;
use crate::report::github::{AnnotationPlaces, Annotations};
use crate::report::json::v1::Run;
use crate::report::markdown::report_markdown;
use crate::report::notes::notes_markdown;
use crate::select::outputs;
use crate::support::clock::{Clock, SystemClock};
use crate::support::secrets::Redacted;

/// GitHub kills the process of a canceled run soon. So completing the check runs may take this long, and so may refreshing the comment.
const LAST_WORDS: Duration = Duration::from_millis(1500);

/// Annotations in the log that the runner keeps for each level.
const LOG_ANNOTATIONS: usize = 10;

pub(in crate::cli) struct ActionRun {
    step: ActionStep,
    event: WorkflowEvent,
    target: Option<(Arc<dyn GitHub>, Checks)>,
    comment: CommentWish,
}

/// What the settings say about the comment.
#[derive(Debug, Clone)]
pub(in crate::cli) struct CommentWish {
    mode: CommentMode,
    /// The branch that its images are kept on.
    preview_branch: Option<String>,
}

impl CommentWish {
    pub(in crate::cli) fn of(settings: &Settings) -> Self {
        Self { mode: settings.comment, preview_branch: settings.preview_branch.clone() }
    }
}

impl ActionRun {
    /// Starts a check run for each model, as far as GitHub lets us.
    pub(in crate::cli) async fn begin(
        step: ActionStep,
        event: WorkflowEvent,
        github: Option<Arc<dyn GitHub>>,
        models: &[String],
        comment: CommentWish,
    ) -> Self {
        let mut target = None;
        if let (Some(github), Some(job), true) = (github, step.job(&event), event.may_write()) {
            if job.run.attempt > 1 {
                close_superseded(&*github, &job, SystemClock.now()).await.iter().for_each(|undelivered| step.warn(undelivered));
            }
            if !models.is_empty() {
                let (checks, undelivered) = Checks::begin(&*github, job, models, SystemClock.now()).await;
                undelivered.iter().for_each(|undelivered| step.warn(undelivered));
                target = Some((github, checks));
            }
        }
        Self { step, event, target, comment }
    }

    /// A run that ended before it could start. `models` are the requested ones, if the request named any.
    pub(in crate::cli) fn ended_early(
        step: ActionStep,
        event: WorkflowEvent,
        github: Option<Arc<dyn GitHub>>,
        models: &[String],
        comment: CommentWish,
    ) -> Self {
        let job = step.job(&event).filter(|_| event.may_write());
        let target = github.zip(job).map(|(github, job)| (github, Checks::unopened(job, models)));
        Self { step, event, target, comment }
    }

    /// Completes the check runs, refreshes the comment, and leaves the job summary, outputs and annotations.
    ///
    /// Nothing waits for images any more once `cancelled` is.
    pub(in crate::cli) async fn end(self, run: &Redacted<Run>, delivered: Delivered, cancelled: &CancellationToken) {
        let Self { step, event, target, comment } = self;
        let Delivered { folder, created, mut undelivered } = delivered;
        let places = match &target {
            _ if run.verdict == Verdict::Cancelled => AnnotationPlaces::default(),
            Some((github, _)) => places(&**github, &step, &event, run).await,
            None => AnnotationPlaces::default(),
        };
        // A fork's token may not write check runs, so its findings go to the log.
        let without_check_run: Vec<&str> = run.models.iter().map(|model| model.name.as_str()).collect();
        let has = |name: &&str| target.as_ref().is_some_and(|(_, checks)| checks.has(name));
        let without_check_run: BTreeSet<String> =
            without_check_run.into_iter().filter(|name| !has(name)).map(str::to_owned).collect();
        let is_in_checks = target.is_some();
        let page = CommentPage { step: &step, event: &event, comment: &comment, cancelled };
        undelivered.extend(page.images_of_fork());
        if let Some((github, checks)) = target {
            let job = checks.job().clone();
            undelivered.extend(deliver(&*github, checks, run, &places, page).await);
            if run.verdict != Verdict::Cancelled {
                let run_url = step.frame(&event).and_then(|frame| frame.run_url);
                let placement = Placement { job: &job, pull_request: event.pull_request, run_url: run_url.as_deref() };
                undelivered.extend(announce(&*github, placement, run).await);
            }
        }
        undelivered.extend(step.add_summary(&report_markdown(run, SUMMARY_BYTES)).err());
        undelivered.extend(step.give_away(&created).err());
        undelivered.extend(set_outputs(&step, run, folder.as_deref()));
        undelivered.iter().for_each(|undelivered| step.warn(undelivered));
        step.leave();
        let mut annotations = Annotations::new(&run.models, &places, BTreeSet::new());
        let of_run = if is_in_checks { Vec::new() } else { annotations.take(&run.findings).0 };
        let shown = run.models.iter().filter(|model| without_check_run.contains(&model.name));
        let of_models: Vec<_> = shown.flat_map(|model| annotations.take(&model.findings).0).collect();
        for line in log_annotations(of_run.into_iter().chain(of_models)) {
            step.printer().command(&line);
        }
        if let Some(error) = &run.error {
            step.printer().command(&error_annotation(&error.message));
        }
    }
}

/// Where the comment goes.
#[derive(Clone, Copy)]
struct CommentPage<'a> {
    step: &'a ActionStep,
    event: &'a WorkflowEvent,
    comment: &'a CommentWish,
    cancelled: &'a CancellationToken,
}

impl CommentPage<'_> {
    fn has_comment(self) -> bool {
        self.event.pull_request.is_some() && self.comment.mode == CommentMode::Update
    }

    /// Uploads the images of the comment. They come before the check run, which carries their addresses to the jobs that write the comment.
    async fn images(self, github: &dyn GitHub, job: &Job, run: &Run) -> (ImagesByModel, Option<Undelivered>) {
        let nothing = |why: Option<&str>| {
            let undelivered = why.map(|why| Undelivered { target: DeliveryTarget::Images, message: why.to_owned(), hint: None });
            (ImagesByModel::new(), undelivered)
        };
        let Some(name) = self.comment.preview_branch.as_deref().filter(|_| self.has_comment()) else { return nothing(None) };
        if job.matrix_job.total > MODELS_FOR_EVERY_JOB {
            return nothing(Some("a workflow with so many jobs has no room for them among its requests"));
        }
        let (repository_id, default_branch) = (&self.event.repository_id, &self.event.default_branch);
        let (Some(repository_id), Some(default_branch), Some(repository_url)) =
            (repository_id, default_branch, self.step.repository_url())
        else {
            return nothing(Some("the event does not say in which repository it is"));
        };
        let branch = ImageBranch { name, repository_id, default_branch, repository_url: &repository_url };
        let shown = self.cancelled.run_until_cancelled(show_images(github, branch, job, run)).await;
        shown.unwrap_or_else(|| nothing(Some("the workflow was canceled")))
    }

    /// A fork's token may not write a branch.
    fn images_of_fork(self) -> Option<Undelivered> {
        let is_wanted = self.comment.preview_branch.is_some() && self.has_comment() && !self.event.may_write();
        is_wanted.then(|| Undelivered {
            target: DeliveryTarget::Images,
            message: "the token of a pull request from a fork may not write a branch".to_owned(),
            hint: None,
        })
    }
}

/// Completes the check runs and refreshes the comment.
async fn deliver(
    github: &dyn GitHub,
    checks: Checks,
    run: &Run,
    places: &AnnotationPlaces,
    page: CommentPage<'_>,
) -> Vec<Undelivered> {
    let is_cancelled = run.verdict == Verdict::Cancelled;
    let job = checks.job().clone();
    let sole = job.is_sole(checks.count());
    let is_for_last_job = job.matrix_job.total > MODELS_FOR_EVERY_JOB || checks.count() as u64 > MODELS_FOR_EVERY_JOB;
    let mut undelivered = Vec::new();
    let mut before = None;
    // What others have annotated already is not annotated again.
    if !sole && !is_for_last_job && !is_cancelled {
        match github.check_runs(&job.sha, None).await {
            Ok(runs) => before = Some(Overview::of(&runs, job.run.id)),
            Err(error) => undelivered.push(Undelivered::at_github(DeliveryTarget::CheckRuns, &error)),
        }
    }
    let annotated = before.as_ref().map(|before| before.annotated.clone()).unwrap_or_default();
    let (images, missing) = if is_cancelled { Default::default() } else { page.images(github, &job, run).await };
    undelivered.extend(missing);
    let ended = checks.with_images(images).end(github, run, places, annotated, SystemClock.now());
    let Some(completed) = within_last_words(is_cancelled, ended).await else { return undelivered };
    let Completed { rows, logins, undelivered: rejected } = completed;
    undelivered.extend(rejected);
    let (Some(number), true, false) = (page.event.pull_request, page.has_comment(), is_for_last_job) else { return undelivered };
    let Some(frame) = page.step.frame(page.event) else { return undelivered };
    let written = async {
        let known = match before {
            _ if sole => CommentKnowledge::All(Overview::of_own(rows, logins)),
            Some(before) => CommentKnowledge::SoFar(before, rows),
            None => CommentKnowledge::SoFar(Overview::of(&github.check_runs(&job.sha, None).await?, job.run.id), rows),
        };
        refresh_comment(github, number, &frame, known).await
    };
    let unsettled = || "other jobs kept writing it, so it may lack a model".to_owned();
    undelivered.extend(match within_last_words(is_cancelled, written).await {
        Some(Ok(CommentOutcome::Unsettled)) => {
            Some(Undelivered { target: DeliveryTarget::Comment, message: unsettled(), hint: None })
        }
        Some(Err(error)) => Some(Undelivered::at_github(DeliveryTarget::Comment, &error)),
        None | Some(Ok(CommentOutcome::Written | CommentOutcome::Newer | CommentOutcome::LeftToLastJob)) => None,
    });
    undelivered
}

async fn within_last_words<T>(is_cancelled: bool, ended: impl Future<Output = T>) -> Option<T> {
    if is_cancelled { timeout(LAST_WORDS, ended).await.ok() } else { Some(ended.await) }
}

fn set_outputs(step: &ActionStep, run: &Run, report: Option<&Path>) -> Vec<Undelivered> {
    let versions: serde_json::Map<String, serde_json::Value> =
        run.models.iter().filter_map(|model| Some((model.name.clone(), model.versions.live.clone()?.into()))).collect();
    let names: Vec<ModelName> = run.models.iter().filter_map(|model| model.name.parse().ok()).collect();
    let report = report.map(|report| ("report_path", step.within_workspace(report).display().to_string()));
    let values = [
        ("verdict", run.verdict.as_str().to_owned()),
        ("published", (!versions.is_empty()).to_string()),
        ("versions", serde_json::Value::Object(versions).to_string()),
        ("summary", report_markdown(run, OUTPUT_BYTES)),
        ("notes", notes_markdown(run, OUTPUT_BYTES)),
    ];
    let values = values.into_iter().chain(outputs(&names).entries()).chain(report);
    values.filter_map(|(name, value)| step.set_output(name, &value).err()).collect()
}

/// The first annotations of each level, as commands.
fn log_annotations(found: impl Iterator<Item = rendering::LineAnnotation>) -> Vec<String> {
    let mut used = [0; 3];
    let lines = found.filter_map(|found| {
        let slot = match found.level {
            AnnotationLevel::Failure => 0,
            AnnotationLevel::Warning => 1,
            AnnotationLevel::Notice => 2,
        };
        used[slot] += 1;
        (used[slot] <= LOG_ANNOTATIONS).then(|| {
            annotation(&LogAnnotation {
                level: found.level,
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

fn error_annotation(message: &str) -> String {
    annotation(&LogAnnotation {
        level: AnnotationLevel::Failure,
        file: None,
        line: None,
        column: None,
        end_column: None,
        title: "safe-push".to_owned(),
        message: message.to_owned(),
    })
}
