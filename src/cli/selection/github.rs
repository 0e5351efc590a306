//! The changed files as GitHub lists them: a checkout of one commit, as workflows have it, does not know them.

use crate::cli::action::WorkflowEvent;
use crate::cli::context::Context;
use crate::clients::github::{self, GitHub, GitHubError};
use crate::config::Configured;
use crate::select::changed::{ChangedFile, ChangedFiles, FileStatus, GitRepository, ListSource, folder_in_checkout};

/// The files that the event is about. `None` outside of a workflow, where a setting names the base, for events without a list, and when
/// GitHub does not answer: then git may know.
pub(super) async fn changed_files(configured: &Configured, context: &Context) -> Option<ChangedFiles> {
    let run = &configured.run;
    let action = context.action.as_ref().filter(|_| run.settings.base.is_none())?;
    let event = action.event();
    let github = match action.github(run.tokens.github.clone(), run.settings.github_api_url.clone()) {
        Ok(github) => github?,
        Err(error) => {
            action.excuse(&error);
            return None;
        }
    };
    let environment = context.environment.variables();
    let cancelled = || context.cancelled.is_cancelled();
    let folder = folder_in_checkout(GitRepository {
        folder: &run.repository,
        environment,
        cancelled: &cancelled,
        launcher: &context.launcher,
    })
    .or_else(|| action.folder_in_workspace(&run.repository))?;
    match listed(&*github, &event).await {
        Ok(files) => files.map(|files| files.seen_from(&folder)),
        Err(error) => {
            action.excuse(&error);
            None
        }
    }
}

async fn listed(github: &dyn GitHub, event: &WorkflowEvent) -> Result<Option<ChangedFiles>, GitHubError> {
    if let Some(number) = event.pull_request {
        let files = github.pull_request_files(number).await?;
        return Ok(Some(ChangedFiles::complete(ListSource::PullRequest, files.into_iter().map(changed_file).collect())));
    }
    let Some((before, after)) = &event.commits else { return Ok(None) };
    if before.chars().all(|digit| digit == '0') {
        return Ok(Some(ChangedFiles::unknown("the branch is new")));
    }
    let comparison = github.compare(before, after).await?;
    Ok(Some(match comparison.status.as_str() {
        "ahead" | "identical" => {
            ChangedFiles::complete(ListSource::Comparison, comparison.files.into_iter().map(changed_file).collect())
        }
        // The changes of the old commits were reverted, which GitHub does not list.
        _ => ChangedFiles::unknown("the branch was rewritten"),
    }))
}

fn changed_file(file: github::DiffEntry) -> ChangedFile {
    ChangedFile { path: file.filename, previous: file.previous_filename, status: FileStatus::of_github(&file.status) }
}
