//! Where records of what was tested come from, and what seals them.
//!
//! A pull request's run leaves its record in the check run of the head commit. The run of the merge finds it through the pull request that
//! the pushed commit came with, or on the pushed commit itself, where a merge queue tested that. Neither place proves anything: whoever may
//! push a branch can run workflows that write check runs. The seal does. Its key is derived from the CLI token, so whoever could forge a
//! record could push to the live model without one, and a fork has neither.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::cli::context::Context;
use crate::clients::github::{Branch, CheckRun, GitHub, GitHubError, PullRequest};
use crate::config::RunSettings;
use crate::deliver::github::check_name;
use crate::pipeline::{ModelRun, Promotion, RecordSeal, TestedRecords};
use crate::report::github::MatrixJob;
use crate::report::markdown::tested_record_of;

/// The application whose token a workflow has.
const ACTIONS: &str = "github-actions";

/// How the models of a run take part in promotions. `None` without a CLI token.
pub(super) fn promotion(run: &RunSettings, records: Option<Arc<dyn TestedRecords>>) -> Option<Promotion> {
    let seal = RecordSeal::of(run.tokens.cog.as_ref()?)?;
    Some(Promotion { mode: run.settings.promote, seal: Arc::new(seal), records })
}

/// Lets models leave records, and take those of merged pull requests.
pub(super) fn attach(runs: &mut [ModelRun], run: &RunSettings, context: &Context) {
    let promotion = promotion(run, of_merged_pull_request(run, context));
    for model in runs {
        model.promotion.clone_from(&promotion);
    }
}

fn of_merged_pull_request(run: &RunSettings, context: &Context) -> Option<Arc<dyn TestedRecords>> {
    let value = |name: &str| context.environment.get(name).map(str::to_owned);
    if value("GITHUB_EVENT_NAME")? != "push" {
        return None;
    }
    let step = context.action.as_ref()?;
    let github = step.github(run.tokens.github.clone(), run.settings.github_api_url.clone()).ok()??;
    let (sha, branch, repository) = (value("GITHUB_SHA")?, value("GITHUB_REF_NAME")?, value("GITHUB_REPOSITORY")?);
    let matrix_job = step.job(&step.event())?.matrix_job;
    Some(Arc::new(OfMergedPullRequest { github, sha, branch, repository, matrix_job }))
}

/// The check runs of the pull request that a pushed commit came with.
struct OfMergedPullRequest {
    github: Arc<dyn GitHub>,
    /// The pushed commit.
    sha: String,
    branch: String,
    repository: String,
    /// The place in the matrix, which is part of the names of check runs.
    matrix_job: MatrixJob,
}

impl OfMergedPullRequest {
    /// The record that a merge queue left on the pushed commit: it tests the commit that the branch then gets.
    async fn of_merge_queue(&self, name: &str) -> Result<Option<String>, GitHubError> {
        let runs = self.github.check_runs(&self.sha, Some(&self.check_name(name))).await?;
        let mut passed: Vec<CheckRun> = runs.into_iter().filter(|run| is_of_workflow(run) && has_passed(run)).collect();
        passed.sort_by_key(|run| std::cmp::Reverse(run.id));
        Ok(passed.iter().find_map(record_of).map(str::to_owned))
    }

    /// The name that the check run of a model has in this job.
    fn check_name(&self, name: &str) -> String {
        check_name(&self.matrix_job.subject(name))
    }

    /// Whether it was merged as exactly this commit of this branch.
    fn is_merged_here(&self, pull_request: &PullRequest) -> bool {
        pull_request.merged_at.is_some()
            && pull_request.merge_commit_sha.as_deref().is_some_and(|sha| sha.eq_ignore_ascii_case(&self.sha))
            && pull_request.base.name == self.branch
    }

    fn is_own(&self, pull_request: &PullRequest) -> bool {
        let is_this = |branch: &Branch| {
            branch.repo.as_ref().is_some_and(|repository| repository.full_name.eq_ignore_ascii_case(&self.repository))
        };
        is_this(&pull_request.head) && is_this(&pull_request.base)
    }
}

impl TestedRecords for OfMergedPullRequest {
    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, String>> {
        Box::pin(async move {
            let unknown = |error: GitHubError| error.to_string();
            if let Some(record) = self.of_merge_queue(name).await.map_err(unknown)? {
                return Ok(Some(record));
            }
            let pull_requests = self.github.pull_requests_of(&self.sha).await.map_err(unknown)?;
            let Some(merged) = pull_requests.iter().find(|pull_request| self.is_merged_here(pull_request)) else { return Ok(None) };
            let number = merged.number;
            if !self.is_own(merged) {
                return Err(format!("pull request {number} is from a fork"));
            }
            let check_name = self.check_name(name);
            let runs = self.github.check_runs(&merged.head.sha, Some(&check_name)).await.map_err(unknown)?;
            let Some(newest) = runs.into_iter().filter(is_of_workflow).max_by_key(|run| run.id) else {
                return Err(format!("pull request {number} has no check run '{check_name}' on its last commit"));
            };
            if !has_passed(&newest) {
                return Err(format!("the check run '{check_name}' of pull request {number} did not pass"));
            }
            match record_of(&newest) {
                Some(record) => Ok(Some(record.to_owned())),
                None => Err(format!("the check run '{check_name}' of pull request {number} has no record of a tested version")),
            }
        })
    }
}

fn has_passed(run: &CheckRun) -> bool {
    run.conclusion.as_deref() == Some("success")
}

fn record_of(run: &CheckRun) -> Option<&str> {
    run.output.text.as_deref().and_then(tested_record_of)
}

fn is_of_workflow(run: &CheckRun) -> bool {
    run.app.as_ref().and_then(|app| app.slug.as_deref()) == Some(ACTIONS)
}
