//! The last job's work: closes check runs that other jobs left open.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::clients::github::{CheckRun, CheckRunOutput, Conclusion, GitHub, GitHubError, NewCheckRun, UpdatedCheckRun};
use crate::deliver::github::checks::{check_name, new_check_run, rejected, without_result};
use crate::deliver::github::job::Job;
use crate::deliver::github::overview::Overview;
use crate::deliver::{DeliveryTarget, Undelivered};
use crate::domain::verdict::Verdict;
use crate::report::github::{CheckId, CheckState, CommentRow, JobEnd, is_about};

/// How the jobs before the last one ended, taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobResult {
    /// All passed, or were not needed.
    Passed,
    Failed,
    Cancelled,
    /// The workflow does not say.
    Unknown,
}

impl JobResult {
    /// Reads `toJSON(needs)`. Any other text is [`Self::Unknown`].
    pub fn of_needs(text: &str) -> Self {
        #[derive(Deserialize)]
        struct NeededJob {
            result: String,
        }
        let Ok(needs) = serde_json::from_str::<BTreeMap<String, NeededJob>>(text) else { return Self::Unknown };
        let has = |result: &str| needs.values().any(|need| need.result == result);
        match () {
            () if needs.is_empty() => Self::Unknown,
            () if has("cancelled") => Self::Cancelled,
            () if has("failure") => Self::Failed,
            () => Self::Passed,
        }
    }

    /// How a job without a result ended.
    fn of_silent_job(self) -> JobEnd {
        match self {
            Self::Passed => JobEnd::Passed,
            Self::Cancelled => JobEnd::Cancelled,
            Self::Failed | Self::Unknown => JobEnd::Crashed,
        }
    }
}

/// The outcome of the last job.
#[derive(Debug)]
pub struct Finished {
    /// The state of all models of the workflow run.
    pub overview: Overview,
    /// Whether this call is the only one of its workflow run.
    pub is_alone: bool,
    /// What this call published: versions by the names of their models.
    pub versions: BTreeMap<String, String>,
    /// What changes for callers of this call's models, as Markdown by their names.
    pub notes: BTreeMap<String, String>,
    /// The most severe verdict of all models of this call; `None` if nothing says how they ended.
    pub verdict: Option<Verdict>,
    /// Models whose jobs left no result although they did not pass.
    pub silent: Vec<String>,
    /// What GitHub refused.
    pub undelivered: Vec<Undelivered>,
}

/// Closes the check runs that this workflow run left open, creates those of `expected` models that never started, and returns the results
/// of all models. What GitHub rejects changes no verdict: the models' jobs have passed or failed by themselves.
pub async fn finish(github: Option<&dyn GitHub>, job: &Job, expected: &[String], jobs: JobResult, now: DateTime<Utc>) -> Finished {
    let mut undelivered = Vec::new();
    let mut runs = None;
    if let Some(github) = github {
        match github.check_runs(&job.sha, None).await {
            Ok(found) => runs = Some(found),
            Err(error) => undelivered.push(Undelivered::at_github(DeliveryTarget::CheckRuns, &error)),
        }
    }
    let is_known = runs.is_some();
    let runs = runs.unwrap_or_default();
    // Other calls of the workflow have last jobs of their own.
    let mut overview = Overview::of_some(&runs, |id| id.run.id == job.run.id && id.call == job.matrix_job.call);
    let others = Overview::of_some(&runs, |id| id.run.id == job.run.id && id.call != job.matrix_job.call);
    let ended = jobs.of_silent_job();
    let mut silent = Vec::new();
    for run in runs.iter().filter(|run| run.status != "completed") {
        let Some(subject) = subject_of(run, job) else { continue };
        if let Some(error) = close(github, run, ended, now).await {
            undelivered.push(rejected(&subject, &error));
        }
    }
    for row in overview.state.rows.iter_mut().filter(|row| row.state == CheckState::Running) {
        row.state = CheckState::WithoutResult(ended);
        silent.push(row.name.clone());
    }
    // A token that may not write has left no check runs, so the jobs alone know how their models did.
    let is_silent = overview.state.rows.is_empty() && ended == JobEnd::Crashed && jobs == JobResult::Failed
        || !is_known && ended != JobEnd::Passed;
    let expected = if is_silent { &[] } else { expected };
    let is_there = |model: &String| overview.state.rows.iter().any(|row| is_about(&row.name, model));
    let missing: Vec<&String> = expected.iter().filter(|model| !is_there(model)).collect();
    let mut added = Vec::new();
    for model in missing {
        let mut url = None;
        // A job that passed without a check run had no permission to create one.
        if let (Some(github), true) = (github, ended != JobEnd::Passed) {
            match github.create_check_run(&closed(job, model, ended, now)).await {
                Ok(created) => url = created.html_url,
                Err(error) => undelivered.push(rejected(model, &error)),
            }
        }
        silent.push(model.clone());
        added.push(CommentRow { name: model.clone(), url, state: CheckState::WithoutResult(ended) });
    }
    // No more results will come.
    overview.state.missing_jobs = 0;
    overview.state.rows.extend(added);
    overview.state.rows.sort_by(|a, b| a.name.cmp(&b.name));
    if ended == JobEnd::Passed {
        silent.clear();
    }
    let verdict = verdict(&overview, is_known, jobs);
    let (versions, notes) = (overview.versions(), overview.notes());
    let is_alone = others.state.rows.is_empty();
    overview.state.missing_jobs = others.state.missing_jobs;
    Finished { verdict, versions, notes, is_alone, overview: overview.with(others.state.rows), silent, undelivered }
}

/// Takes back what an earlier attempt said about a run that ended before its models were known. Returns what GitHub did not do.
pub async fn close_superseded(github: &dyn GitHub, job: &Job, now: DateTime<Utc>) -> Vec<Undelivered> {
    let runs = match github.check_runs(&job.sha, Some(&check_name(""))).await {
        Ok(runs) => runs,
        Err(error) => return vec![Undelivered::at_github(DeliveryTarget::CheckRuns, &error)],
    };
    let is_earlier = |id: &CheckId| id.run.id == job.run.id && id.run.attempt < job.run.attempt && id.subject.is_empty();
    let mut undelivered = Vec::new();
    for run in runs.iter().filter(|run| run.external_id.as_deref().and_then(CheckId::read).as_ref().is_some_and(is_earlier)) {
        let output = CheckRunOutput {
            title: Some("Run again".to_owned()),
            summary: Some(format!("Attempt {} replaces this.", job.run.attempt)),
            ..CheckRunOutput::default()
        };
        let update = UpdatedCheckRun { status: "completed", conclusion: Conclusion::Neutral, completed_at: now, output };
        undelivered.extend(github.update_check_run(run.id, &update).await.err().map(|error| rejected("", &error)));
    }
    undelivered
}

/// The most severe verdict of all models. Without any, the jobs say how it went.
fn verdict(overview: &Overview, is_known: bool, jobs: JobResult) -> Option<Verdict> {
    match (overview.state.verdict(), jobs) {
        (Some(verdict), _) => Some(verdict),
        (None, JobResult::Passed) => Some(Verdict::Passed),
        (None, JobResult::Cancelled) => Some(Verdict::Cancelled),
        (None, JobResult::Failed) => Some(Verdict::Failed),
        // No models are expected, and there are none.
        (None, JobResult::Unknown) => is_known.then_some(Verdict::Passed),
    }
}

fn subject_of(run: &CheckRun, job: &Job) -> Option<String> {
    let id = CheckId::read(run.external_id.as_deref()?)?;
    (id.run.id == job.run.id && id.call == job.matrix_job.call).then_some(id.subject)
}

async fn close(github: Option<&dyn GitHub>, run: &CheckRun, ended: JobEnd, now: DateTime<Utc>) -> Option<GitHubError> {
    let update =
        UpdatedCheckRun { status: "completed", conclusion: conclusion(ended), completed_at: now, output: without_result(ended) };
    github?.update_check_run(run.id, &update).await.err()
}

fn closed(job: &Job, model: &str, ended: JobEnd, now: DateTime<Utc>) -> NewCheckRun {
    NewCheckRun {
        status: "completed",
        conclusion: Some(conclusion(ended)),
        output: Some(without_result(ended)),
        ..new_check_run(job, model, now)
    }
}

fn conclusion(ended: JobEnd) -> Conclusion {
    match ended {
        JobEnd::Passed => Conclusion::Success,
        JobEnd::Cancelled => Conclusion::Cancelled,
        JobEnd::Crashed => Conclusion::Failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_say_how_the_jobs_ended() {
        for (text, result) in [
            (r#"{"select":{"result":"success","outputs":{"any":"true"}},"push":{"result":"success"}}"#, JobResult::Passed),
            (r#"{"select":{"result":"success"},"push":{"result":"skipped"}}"#, JobResult::Passed),
            (r#"{"select":{"result":"failure"},"push":{"result":"skipped"}}"#, JobResult::Failed),
            (r#"{"select":{"result":"success"},"push":{"result":"cancelled"}}"#, JobResult::Cancelled),
            ("{}", JobResult::Unknown),
            ("", JobResult::Unknown),
            ("[]", JobResult::Unknown),
        ] {
            assert_eq!(JobResult::of_needs(text), result, "{text}");
        }
    }
}
