//! A check run per model.

use chrono::{DateTime, Utc};
use cog_findings::text::shorten;

use crate::clients::github::{
    Annotation, AnnotationLevel, CheckRunOutput, Conclusion, GitHub, GitHubError, NewCheckRun, UpdatedCheckRun,
};
use crate::deliver::{Target, Undelivered};
use crate::domain::verdict::Verdict;
use crate::report::escape;
use crate::report::github::{self, LineAnnotation, annotations, check_text, external_id};
use crate::report::json::v1::Run;

/// GitHub's limit for the annotations in one request.
const BATCH: usize = 50;

/// The commit and the workflow run that check runs belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadCommit {
    /// The commit that people see: for a pull request its head, not the merge that was checked out.
    pub sha: String,
    /// The workflow's run.
    pub run_id: u64,
    /// The attempt of the workflow run, from 1.
    pub attempt: u64,
}

/// The name of a model's check run.
pub fn started_name(model: &str) -> String {
    format!("safe-push / {model}")
}

/// The check runs of one job, by model name.
pub struct Checks {
    head: HeadCommit,
    open: Vec<(String, u64)>,
}

impl Checks {
    /// Starts a check run for each model. Returns those that GitHub rejected; the others are started anyway.
    pub async fn begin(github: &dyn GitHub, head: HeadCommit, models: &[String], now: DateTime<Utc>) -> (Self, Vec<Undelivered>) {
        let (mut open, mut undelivered) = (Vec::new(), Vec::new());
        for model in models {
            let run = NewCheckRun {
                name: started_name(model),
                head_sha: head.sha.clone(),
                external_id: external_id(model, head.run_id, head.attempt),
                status: "in_progress",
                started_at: now,
                conclusion: None,
                output: None,
            };
            match github.create_check_run(&run).await {
                Ok(created) => open.push((model.clone(), created.id)),
                Err(error) => undelivered.push(refused(model, &error)),
            }
        }
        (Self { head, open }, undelivered)
    }

    pub fn head(&self) -> &HeadCommit {
        &self.head
    }

    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.open.iter().map(|(model, _id)| model.as_str())
    }

    /// Whether no model has one.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Completes all check runs of a run without a result. Returns those that could not be completed.
    pub async fn fail(self, github: &dyn GitHub, message: &str, verdict: Verdict, now: DateTime<Utc>) -> Vec<Undelivered> {
        let output = CheckRunOutput {
            title: Some("No result".to_owned()),
            summary: Some(escape::fenced(&shorten(message, 4000), "")),
            ..CheckRunOutput::default()
        };
        let mut undelivered = Vec::new();
        for (model, id) in self.open {
            let written = complete(github, id, conclusion(verdict), now, output.clone(), &[]).await;
            undelivered.extend(written.err().map(|error| refused(&model, &error)));
        }
        undelivered
    }

    /// Completes all check runs with the results of a run. Returns those that could not be completed. A model without a result gets the
    /// run's verdict.
    pub async fn end(self, github: &dyn GitHub, run: &Run, now: DateTime<Utc>) -> Vec<Undelivered> {
        let ended_at = now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let mut undelivered = Vec::new();
        for (name, id) in self.open {
            let written = match run.models.iter().find(|model| model.name == name) {
                Some(model) => {
                    let text = check_text(run, model, &ended_at);
                    let output = CheckRunOutput {
                        title: Some(text.title),
                        summary: Some(text.summary),
                        text: Some(text.text),
                        annotations: Vec::new(),
                    };
                    let found: Vec<Annotation> = annotations(model).into_iter().map(annotation).collect();
                    complete(github, id, conclusion(model.verdict), now, output, &found).await
                }
                None => complete(github, id, conclusion(run.verdict), now, no_result(), &[]).await,
            };
            undelivered.extend(written.err().map(|error| refused(&name, &error)));
        }
        undelivered
    }
}

/// A check run that GitHub rejected.
pub(super) fn refused(model: &str, error: &GitHubError) -> Undelivered {
    Undelivered::at_github(Target::CheckRun { model: model.to_owned() }, error)
}

/// The content of a check run whose job has no result.
pub(super) fn no_result() -> CheckRunOutput {
    CheckRunOutput {
        title: Some("No result".to_owned()),
        summary: Some("The job ended before this model had a result. Its log says why.".to_owned()),
        ..CheckRunOutput::default()
    }
}

/// Completes a check run. Annotations that do not fit into one request follow in others; if one fails, the next are still sent.
async fn complete(
    github: &dyn GitHub,
    id: u64,
    conclusion: Conclusion,
    now: DateTime<Utc>,
    output: CheckRunOutput,
    annotations: &[Annotation],
) -> Result<(), GitHubError> {
    let mut batches = annotations.chunks(BATCH);
    let first = batches.next().unwrap_or_default();
    let mut outcome = Ok(());
    for batch in std::iter::once(first).chain(batches) {
        let update = UpdatedCheckRun {
            status: "completed",
            conclusion,
            completed_at: now,
            output: CheckRunOutput { annotations: batch.to_vec(), ..output.clone() },
        };
        let updated = github.update_check_run(id, &update).await;
        outcome = outcome.and(updated);
    }
    outcome
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
        annotation_level: match found.level {
            github::AnnotationLevel::Notice => AnnotationLevel::Notice,
            github::AnnotationLevel::Warning => AnnotationLevel::Warning,
            github::AnnotationLevel::Failure => AnnotationLevel::Failure,
        },
        title: found.title,
        message: found.message,
        raw_details: None,
    }
}
