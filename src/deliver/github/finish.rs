//! The last job's work: closes check runs that crashed jobs left open.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::clients::github::{CheckRun, Conclusion, GitHub, GitHubError, NewCheckRun, UpdatedCheckRun};
use crate::deliver::Undelivered;
use crate::deliver::github::checks::{HeadCommit, no_result, refused, started_name};
use crate::deliver::github::comment::rows;
use crate::domain::verdict::Verdict;
use crate::report::github::{CommentRow, external_id, read_external_id};

/// The results of all models of a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// A row for each model.
    pub rows: Vec<CommentRow>,
    /// The most severe verdict of all.
    pub verdict: Verdict,
}

/// The outcome of the last job.
#[derive(Debug)]
pub struct Finished {
    /// The current results of all models, or why GitHub did not return them.
    pub standing: Result<Standing, GitHubError>,
    /// Models whose check runs were created or closed, because their jobs left none or an open one.
    pub closed: Vec<String>,
    /// Check runs that could not be closed.
    pub undelivered: Vec<Undelivered>,
}

/// Closes the check runs that this workflow run left open, creates those of `expected` models that never started, and returns the results
/// of all models.
///
/// # Errors
///
/// Fails if the check runs cannot be listed, so that nothing can be closed. If one cannot be closed, the others still are.
pub async fn finish(
    github: &dyn GitHub,
    head: &HeadCommit,
    expected: &[String],
    now: DateTime<Utc>,
) -> Result<Finished, GitHubError> {
    let runs = github.check_runs(&head.sha, None).await?;
    let of_this_run = |run: &CheckRun| {
        let (run_id, _attempt, model) = run.external_id.as_deref().and_then(read_external_id)?;
        (run_id == head.run_id).then(|| model.to_owned())
    };
    let (mut closed, mut undelivered) = (Vec::new(), Vec::new());
    let mut note = |model: String, written: Result<(), GitHubError>| match written {
        Ok(()) => closed.push(model),
        Err(error) => undelivered.push(refused(&model, &error)),
    };
    for run in runs.iter().filter(|run| run.status != "completed") {
        let Some(model) = of_this_run(run) else { continue };
        let update =
            UpdatedCheckRun { status: "completed", conclusion: Conclusion::Cancelled, completed_at: now, output: no_result() };
        note(model, github.update_check_run(run.id, &update).await);
    }
    let begun: BTreeSet<String> = runs.iter().filter_map(of_this_run).collect();
    for model in expected.iter().filter(|model| !begun.contains(*model)) {
        let run = NewCheckRun {
            name: started_name(model),
            head_sha: head.sha.clone(),
            external_id: external_id(model, head.run_id, head.attempt),
            status: "completed",
            started_at: now,
            conclusion: Some(Conclusion::Cancelled),
            output: Some(no_result()),
        };
        note(model.clone(), github.create_check_run(&run).await.map(drop));
    }
    let standing = github.check_runs(&head.sha, None).await.map(standing);
    Ok(Finished { standing, closed, undelivered })
}

fn standing(runs: Vec<CheckRun>) -> Standing {
    let (rows, _) = rows(runs);
    let verdict = rows.iter().map(|row| row.row.as_ref().map_or(Verdict::ServiceError, |row| row.verdict)).max();
    Standing { rows, verdict: verdict.unwrap_or(Verdict::Passed) }
}
