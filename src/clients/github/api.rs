//! The calls to GitHub.

use futures::future::BoxFuture;

use crate::clients::github::{
    CheckRun, Comment, CommitComparison, DiffEntry, GitDatabase, GitHubDeployment, GitHubError, NewCheckRun, NewDeploymentStatus,
    NewGitHubDeployment, PullRequest, UpdatedCheckRun,
};

/// A repository on GitHub.
pub trait GitHub: GitDatabase {
    /// Creates a check run. If the response is lost, looks for the run by its external id before creating it again.
    fn create_check_run<'a>(&'a self, run: &'a NewCheckRun) -> BoxFuture<'a, Result<CheckRun, GitHubError>>;

    /// Completes a check run.
    fn update_check_run<'a>(&'a self, id: u64, run: &'a UpdatedCheckRun) -> BoxFuture<'a, Result<(), GitHubError>>;

    /// The check runs of a commit, or only those named `name`.
    fn check_runs<'a>(&'a self, sha: &'a str, name: Option<&'a str>) -> BoxFuture<'a, Result<Vec<CheckRun>, GitHubError>>;

    /// The comments of a pull request, oldest first.
    fn comments<'a>(&'a self, number: u64) -> BoxFuture<'a, Result<Vec<Comment>, GitHubError>>;

    /// Creates a comment. A lost response is an error: the caller checks which comments exist.
    fn create_comment<'a>(&'a self, number: u64, body: &'a str) -> BoxFuture<'a, Result<Comment, GitHubError>>;

    /// Changes a comment.
    fn update_comment<'a>(&'a self, id: u64, body: &'a str) -> BoxFuture<'a, Result<(), GitHubError>>;

    /// Deletes a comment. A comment that no longer exists is not an error.
    fn delete_comment<'a>(&'a self, id: u64) -> BoxFuture<'a, Result<(), GitHubError>>;

    /// The files that a pull request changes. GitHub lists at most 3,000.
    fn pull_request_files<'a>(&'a self, number: u64) -> BoxFuture<'a, Result<Vec<DiffEntry>, GitHubError>>;

    /// The text of a file at a commit; `None` if it is not there or is not a text of at most 1 MB.
    fn file_at<'a>(&'a self, path: &'a str, sha: &'a str) -> BoxFuture<'a, Result<Option<String>, GitHubError>>;

    /// The pull requests that a commit of a branch came with.
    fn pull_requests_of<'a>(&'a self, sha: &'a str) -> BoxFuture<'a, Result<Vec<PullRequest>, GitHubError>>;

    /// The difference between two commits.
    fn compare<'a>(&'a self, base: &'a str, head: &'a str) -> BoxFuture<'a, Result<CommitComparison, GitHubError>>;

    /// The newest deployment of an environment with this task.
    fn last_deployment<'a>(
        &'a self,
        environment: &'a str,
        task: &'a str,
    ) -> BoxFuture<'a, Result<Option<GitHubDeployment>, GitHubError>>;

    fn create_deployment<'a>(&'a self, deployment: &'a NewGitHubDeployment)
    -> BoxFuture<'a, Result<GitHubDeployment, GitHubError>>;

    /// Sets the state of a deployment.
    fn create_deployment_status<'a>(&'a self, id: u64, status: &'a NewDeploymentStatus) -> BoxFuture<'a, Result<(), GitHubError>>;
}
