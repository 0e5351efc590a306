//! The last job's work: what jobs that broke down left open.

use chrono::{DateTime, Utc};

use crate::clients::github::{Conclusion, GitHub, GitHubError, NewCheckRun, UpdatedCheckRun};
use crate::deliver::github::checks::{HeadCommit, no_result, started_name};
use crate::deliver::github::comment::rows;
use crate::domain::verdict::Verdict;
use crate::report::github::{CommentRow, external_id, read_external_id};

/// How the run stands after the last job.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// A row for each model.
    pub rows: Vec<CommentRow>,
    /// The gravest of all.
    pub verdict: Verdict,
    /// Models whose check runs were closed because their jobs left none, or one that was open.
    pub closed: Vec<String>,
}

/// Closes the check runs that this workflow run left open, makes those of `expected` models that never began, and says how all stand.
pub async fn finish(
    github: &dyn GitHub,
    head: &HeadCommit,
    expected: &[String],
    now: DateTime<Utc>,
) -> Result<Finished, GitHubError> {
    let runs = github.check_runs(&head.sha, None).await?;
    let mut closed = Vec::new();
    let of_this_run = |run: &&crate::clients::github::CheckRun| {
        run.external_id.as_deref().and_then(read_external_id).is_some_and(|(run_id, ..)| run_id == head.run_id)
    };
    for open in runs.iter().filter(of_this_run).filter(|run| run.status != "completed") {
        let update =
            UpdatedCheckRun { status: "completed", conclusion: Conclusion::Cancelled, completed_at: now, output: no_result() };
        github.update_check_run(open.id, &update).await?;
        closed.extend(open.external_id.as_deref().and_then(read_external_id).map(|(_, _, model)| model.to_owned()));
    }
    for model in expected {
        let begun = runs.iter().filter_map(|run| read_external_id(run.external_id.as_deref()?));
        if begun.into_iter().any(|(run_id, _, name)| run_id == head.run_id && name == model) {
            continue;
        }
        let run = NewCheckRun {
            name: started_name(model),
            head_sha: head.sha.clone(),
            external_id: external_id(model, head.run_id, head.attempt),
            status: "completed",
            started_at: now,
            conclusion: Some(Conclusion::Cancelled),
            output: Some(no_result()),
        };
        github.create_check_run(&run).await?;
        closed.push(model.clone());
    }
    let (rows, _) = rows(github.check_runs(&head.sha, None).await?);
    let verdict = rows.iter().map(|row| row.row.as_ref().map_or(Verdict::ServiceError, |row| row.verdict)).max();
    Ok(Finished { rows, verdict: verdict.unwrap_or(Verdict::Passed), closed })
}
