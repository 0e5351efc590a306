//! A check run per model.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::clients::github::{Annotation, CheckRun, CheckRunOutput, Conclusion, GitHub, GitHubError, NewCheckRun, UpdatedCheckRun};
use crate::deliver::github::images::ImagesByModel;
use crate::deliver::github::job::Job;
use crate::deliver::github::overview::login;
use crate::deliver::{DeliveryTarget, Undelivered};
use crate::domain::verdict::Verdict;
use crate::report::failures::failures_of;
use crate::report::github::{
    AnnotationPlaces, Annotations, CheckId, CheckState, CheckText, CommentRow, JobEnd, LineAnnotation, MatrixJob, Row, check_text,
    failed_check_text, row_of, row_of_failed_run, row_of_text,
};
use crate::report::json::v1::Run;

/// GitHub's limit for the annotations in one request.
const BATCH: usize = 50;

/// The name of a subject's check run.
pub fn check_name(subject: &str) -> String {
    if subject.is_empty() { "safe-push".to_owned() } else { format!("safe-push / {subject}") }
}

/// A check run of this job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OwnCheckRun {
    /// It is open, under this id.
    Open(u64),
    /// It is created when it can be completed at once.
    ToCreate,
    /// GitHub rejected it.
    Rejected,
}

struct Subject {
    name: String,
    url: Option<String>,
    slot: OwnCheckRun,
}

/// The check runs of one job.
pub struct Checks {
    job: Job,
    subjects: Vec<Subject>,
    logins: BTreeSet<String>,
    images: ImagesByModel,
}

/// What completing the check runs of a job yields.
#[derive(Debug, Default)]
pub struct Completed {
    /// A row for each of them, delivered or not.
    pub rows: Vec<CommentRow>,
    /// The accounts that created them.
    pub logins: BTreeSet<String>,
    /// Those that GitHub rejected.
    pub undelivered: Vec<Undelivered>,
}

impl Checks {
    /// Starts a check run for each model. Returns those that GitHub rejected; the others are started anyway.
    pub async fn begin(github: &dyn GitHub, job: Job, models: &[String], now: DateTime<Utc>) -> (Self, Vec<Undelivered>) {
        let mut checks = Self::unopened(job, models);
        let mut undelivered = Vec::new();
        let mut is_denied = false;
        for subject in &mut checks.subjects {
            // A token that may not create one may not create any.
            if is_denied {
                subject.slot = OwnCheckRun::Rejected;
                continue;
            }
            let run = new_check_run(&checks.job, &subject.name, now);
            match github.create_check_run(&run).await {
                Ok(created) => {
                    subject.slot = OwnCheckRun::Open(created.id);
                    checks.logins.extend(login(&created));
                    subject.url = created.html_url;
                }
                Err(error) => {
                    is_denied = matches!(error, GitHubError::Denied { .. });
                    subject.slot = OwnCheckRun::Rejected;
                    undelivered.push(rejected(&subject.name, &error));
                }
            }
        }
        (checks, undelivered)
    }

    /// Check runs that are created when they are completed, for a run that ends at once. Without models there is one, of the run.
    pub fn unopened(job: Job, models: &[String]) -> Self {
        let mut names: Vec<String> = models.iter().map(|model| job.matrix_job.subject(model)).collect();
        if names.is_empty() {
            names.push(String::new());
        }
        let subjects = names.into_iter().map(|name| Subject { name, url: None, slot: OwnCheckRun::ToCreate }).collect();
        Self { job, subjects, logins: BTreeSet::new(), images: ImagesByModel::new() }
    }

    /// With images of outputs for the comment.
    pub fn with_images(self, images: ImagesByModel) -> Self {
        Self { images, ..self }
    }

    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The number of check runs.
    pub fn count(&self) -> usize {
        self.subjects.len()
    }

    pub fn has(&self, model: &str) -> bool {
        let name = self.job.matrix_job.subject(model);
        self.subjects.iter().any(|subject| subject.name == name && subject.slot != OwnCheckRun::Rejected)
    }

    /// Completes all check runs with the results of a run. A model without a result gets the run's verdict.
    ///
    /// `annotated` are the marks of findings that other jobs have annotated.
    pub async fn end(
        self,
        github: &dyn GitHub,
        run: &Run,
        places: &AnnotationPlaces,
        annotated: BTreeSet<String>,
        now: DateTime<Utc>,
    ) -> Completed {
        let ended_at = now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let mut completed = Completed { logins: self.logins, ..Completed::default() };
        let mut annotations = Annotations::new(&run.models, places, annotated);
        let Self { job, subjects, mut images, .. } = self;
        for subject in subjects {
            let ending = Ending::of(run, &job.matrix_job, &subject.name, &ended_at, &mut annotations, &mut images);
            let written = write(github, &job, &subject, &ending, now).await;
            let url = match &written {
                Ok(Some(created)) => {
                    completed.logins.extend(login(created));
                    created.html_url.clone()
                }
                Ok(None) | Err(_) => subject.url,
            };
            completed.undelivered.extend(written.err().map(|error| rejected(&subject.name, &error)));
            completed.rows.push(CommentRow { name: subject.name, url, state: ending.state });
        }
        completed
    }
}

/// How a check run is completed.
struct Ending {
    conclusion: Conclusion,
    output: CheckRunOutput,
    annotations: Vec<Annotation>,
    state: CheckState,
}

impl Ending {
    fn of(
        run: &Run,
        matrix_job: &MatrixJob,
        subject: &str,
        ended_at: &str,
        annotations: &mut Annotations<'_>,
        images: &mut ImagesByModel,
    ) -> Self {
        let with_row = |verdict, text: CheckText, found: Vec<LineAnnotation>, row: Row| Self {
            conclusion: conclusion(verdict),
            // As other jobs read it: a long one lacks its problems.
            state: CheckState::Result(Box::new(row_of_text(&text.text).unwrap_or(row))),
            output: CheckRunOutput {
                title: Some(text.title),
                summary: Some(text.summary),
                text: Some(text.text),
                annotations: Vec::new(),
            },
            annotations: found.into_iter().map(annotation).collect(),
        };
        if let Some(model) = run.models.iter().find(|model| matrix_job.subject(&model.name) == subject) {
            let (found, marks) = annotations.take(&failures_of(model));
            let images = images.remove(&model.name).unwrap_or_default();
            let row = Row { annotated: marks, name: subject.to_owned(), images, ..row_of(model, ended_at) };
            return with_row(model.verdict, check_text(run, model, &row), found, row);
        }
        if run.error.is_some() {
            let (found, marks) = annotations.take(&run.findings);
            let row = Row { annotated: marks, name: subject.to_owned(), ..row_of_failed_run(run, ended_at) };
            return with_row(run.verdict, failed_check_text(run, &row), found, row);
        }
        let ended = match run.verdict {
            Verdict::Passed => JobEnd::Passed,
            Verdict::Cancelled => JobEnd::Cancelled,
            Verdict::Failed | Verdict::ServiceError | Verdict::Billing | Verdict::Misconfigured => JobEnd::Crashed,
        };
        Self {
            conclusion: conclusion(run.verdict),
            output: without_result(ended),
            annotations: Vec::new(),
            state: CheckState::WithoutResult(ended),
        }
    }
}

async fn write(
    github: &dyn GitHub,
    job: &Job,
    subject: &Subject,
    ending: &Ending,
    now: DateTime<Utc>,
) -> Result<Option<CheckRun>, GitHubError> {
    match subject.slot {
        // Its warning was given when the run began.
        OwnCheckRun::Rejected => Ok(None),
        OwnCheckRun::Open(id) => complete(github, id, ending, now).await.map(|()| None),
        OwnCheckRun::ToCreate => {
            let (first, rest) = ending.annotations.split_at(ending.annotations.len().min(BATCH));
            let run = NewCheckRun {
                status: "completed",
                conclusion: Some(ending.conclusion),
                output: Some(CheckRunOutput { annotations: first.to_vec(), ..ending.output.clone() }),
                ..new_check_run(job, &subject.name, now)
            };
            let created = github.create_check_run(&run).await?;
            add(github, created.id, ending, rest, now).await.map(|()| Some(created))
        }
    }
}

pub(super) fn new_check_run(job: &Job, subject: &str, now: DateTime<Utc>) -> NewCheckRun {
    NewCheckRun {
        name: check_name(subject),
        head_sha: job.sha.clone(),
        external_id: CheckId::new(job.run, &job.matrix_job, subject).to_string(),
        status: "in_progress",
        started_at: now,
        conclusion: None,
        output: None,
    }
}

/// A check run that GitHub rejected.
pub(super) fn rejected(subject: &str, error: &GitHubError) -> Undelivered {
    Undelivered::at_github(DeliveryTarget::CheckRun { model: subject.to_owned() }, error)
}

/// The content of a check run whose job has no result.
pub(super) fn without_result(ended: JobEnd) -> CheckRunOutput {
    let (title, summary) = match ended {
        JobEnd::Passed => ("Passed", "The job passed. Its report did not reach GitHub; the job's summary has it."),
        JobEnd::Cancelled => ("Canceled", "The workflow was canceled before this model had a result."),
        JobEnd::Crashed => ("No result", "The job ended before this model had a result. Its log says why."),
    };
    CheckRunOutput { title: Some(title.to_owned()), summary: Some(summary.to_owned()), ..CheckRunOutput::default() }
}

/// Completes a check run. Annotations that do not fit into one request follow in others; if one fails, the next are still sent.
async fn complete(github: &dyn GitHub, id: u64, ending: &Ending, now: DateTime<Utc>) -> Result<(), GitHubError> {
    let (first, rest) = ending.annotations.split_at(ending.annotations.len().min(BATCH));
    let outcome = update(github, id, ending, first, now).await;
    outcome.and(add(github, id, ending, rest, now).await)
}

/// Adds further annotations to a check run.
async fn add(github: &dyn GitHub, id: u64, ending: &Ending, rest: &[Annotation], now: DateTime<Utc>) -> Result<(), GitHubError> {
    let mut outcome = Ok(());
    for batch in rest.chunks(BATCH) {
        let updated = update(github, id, ending, batch, now).await;
        outcome = outcome.and(updated);
    }
    outcome
}

async fn update(
    github: &dyn GitHub,
    id: u64,
    ending: &Ending,
    batch: &[Annotation],
    now: DateTime<Utc>,
) -> Result<(), GitHubError> {
    let update = UpdatedCheckRun {
        status: "completed",
        conclusion: ending.conclusion,
        completed_at: now,
        output: CheckRunOutput { annotations: batch.to_vec(), ..ending.output.clone() },
    };
    github.update_check_run(id, &update).await
}

/// The conclusion for a verdict. A service error is not the author's failure, but nobody should merge because of it either.
pub(super) fn conclusion(verdict: Verdict) -> Conclusion {
    match verdict {
        Verdict::Passed => Conclusion::Success,
        Verdict::Failed | Verdict::Misconfigured | Verdict::ServiceError => Conclusion::Failure,
        Verdict::Billing => Conclusion::ActionRequired,
        Verdict::Cancelled => Conclusion::Cancelled,
    }
}

fn annotation(found: LineAnnotation) -> Annotation {
    let (start_column, end_column) = match found.columns {
        Some((first, last)) => (Some(first), Some(last)),
        None => (None, None),
    };
    Annotation {
        path: found.path,
        start_line: found.line,
        end_line: found.line,
        start_column,
        end_column,
        annotation_level: found.level,
        title: found.title,
        message: found.message,
        raw_details: None,
    }
}
