//! A check run per model.

use chrono::{DateTime, Utc};
use cog_findings::text::shorten;

use crate::clients::github::{
    Annotation, AnnotationLevel, CheckRunOutput, Conclusion, GitHub, GitHubError, NewCheckRun, UpdatedCheckRun,
};
use crate::domain::verdict::Verdict;
use crate::report::escape;
use crate::report::github::{self, LineAnnotation, annotations, check_text, external_id};
use crate::report::json::v1::Run;

/// GitHub takes this many annotations in one request.
const BATCH: usize = 50;

/// What check runs are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadCommit {
    /// The commit that people see: of a pull request its head, not the merge that was checked out.
    pub sha: String,
    /// The workflow's run.
    pub run_id: u64,
    /// Which try of it.
    pub attempt: u64,
}

/// The name of a model's check run.
pub fn started_name(model: &str) -> String {
    format!("safe-push / {model}")
}

/// The check runs of one job, by the names of models.
pub struct Checks {
    head: HeadCommit,
    open: Vec<(String, u64)>,
}

impl Checks {
    /// Begins one check run for each model.
    pub async fn begin(github: &dyn GitHub, head: HeadCommit, models: &[String], now: DateTime<Utc>) -> Result<Self, GitHubError> {
        let mut open = Vec::new();
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
            open.push((model.clone(), github.create_check_run(&run).await?.id));
        }
        Ok(Self { head, open })
    }

    /// What they are about.
    pub fn head(&self) -> &HeadCommit {
        &self.head
    }

    /// Ends the check runs of a run that came to no result.
    pub async fn fail(self, github: &dyn GitHub, message: &str, verdict: Verdict, now: DateTime<Utc>) -> Result<(), GitHubError> {
        let mut first_error = None;
        for (_, id) in self.open {
            let output = CheckRunOutput {
                title: Some("No result".to_owned()),
                summary: Some(escape::fenced(&shorten(message, 4000), "")),
                ..CheckRunOutput::default()
            };
            let written = end_one(github, id, conclusion(verdict), now, output, &[]).await;
            first_error = first_error.or(written.err());
        }
        first_error.map_or(Ok(()), Err)
    }

    /// Ends the check runs with the results of a run. One that has no result ends as cancelled, or as failed when the run was not.
    pub async fn end(self, github: &dyn GitHub, run: &Run, now: DateTime<Utc>) -> Result<(), GitHubError> {
        let ended_at = now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let mut first_error = None;
        for (name, id) in self.open {
            let written = match run.models.iter().find(|model| model.name == name) {
                Some(model) => {
                    let words = check_text(run, model, &ended_at);
                    let output = CheckRunOutput {
                        title: Some(words.title),
                        summary: Some(words.summary),
                        text: Some(words.text),
                        annotations: Vec::new(),
                    };
                    let found: Vec<Annotation> = annotations(model).into_iter().map(annotation).collect();
                    end_one(github, id, conclusion(model.verdict), now, output, &found).await
                }
                None => end_one(github, id, conclusion(run.verdict), now, no_result(), &[]).await,
            };
            // The others are ended all the same.
            first_error = first_error.or(written.err());
        }
        first_error.map_or(Ok(()), Err)
    }
}

/// A check run whose job gave no result.
pub(super) fn no_result() -> CheckRunOutput {
    CheckRunOutput {
        title: Some("No result".to_owned()),
        summary: Some("The job ended before this model had a result. Its log tells why.".to_owned()),
        ..CheckRunOutput::default()
    }
}

async fn end_one(
    github: &dyn GitHub,
    id: u64,
    conclusion: Conclusion,
    now: DateTime<Utc>,
    output: CheckRunOutput,
    annotations: &[Annotation],
) -> Result<(), GitHubError> {
    let mut batches = annotations.chunks(BATCH);
    let first = batches.next().unwrap_or_default();
    let update = |annotations: &[Annotation]| UpdatedCheckRun {
        status: "completed",
        conclusion,
        completed_at: now,
        output: CheckRunOutput { annotations: annotations.to_vec(), ..output.clone() },
    };
    github.update_check_run(id, &update(first)).await?;
    for batch in batches {
        github.update_check_run(id, &update(batch)).await?;
    }
    Ok(())
}

/// How a verdict is shown. Trouble of a service is not the author's failure, but nobody should merge because of it either.
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
