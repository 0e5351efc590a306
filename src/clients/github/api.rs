//! The calls to GitHub.

use async_trait::async_trait;

use crate::clients::github::{
    CheckRun, Comment, CommitComparison, DiffEntry, GitDatabase, GitHubDeployment, GitHubError, NewCheckRun, NewDeploymentStatus,
    NewGitHubDeployment, PullRequest, UpdatedCheckRun,
};

/// A repository on GitHub.
#[async_trait]
pub trait GitHub: GitDatabase {
    /// Creates a check run. If the response is lost, looks for the run by its external id before creating it again.
    async fn create_check_run(&self, run: &NewCheckRun) -> Result<CheckRun, GitHubError>;

    /// Completes a check run.
    async fn update_check_run(&self, id: u64, run: &UpdatedCheckRun) -> Result<(), GitHubError>;

    /// The check runs of a commit, or only those named `name`.
    async fn check_runs(&self, sha: &str, name: Option<&str>) -> Result<Vec<CheckRun>, GitHubError>;

    /// The comments of a pull request, oldest first.
    async fn comments(&self, number: u64) -> Result<Vec<Comment>, GitHubError>;

    /// Creates a comment. A lost response is an error: the caller checks which comments exist.
    async fn create_comment(&self, number: u64, body: &str) -> Result<Comment, GitHubError>;

    /// Changes a comment.
    async fn update_comment(&self, id: u64, body: &str) -> Result<(), GitHubError>;

    /// Deletes a comment. A comment that no longer exists is not an error.
    async fn delete_comment(&self, id: u64) -> Result<(), GitHubError>;

    /// The files that a pull request changes. GitHub lists at most 3,000.
    async fn pull_request_files(&self, number: u64) -> Result<Vec<DiffEntry>, GitHubError>;

    /// The text of a file at a commit; `None` if it is not there or is not a text of at most 1 MB.
    async fn file_at(&self, path: &str, sha: &str) -> Result<Option<String>, GitHubError>;

    /// The pull requests that a commit of a branch came with.
    async fn pull_requests_of(&self, sha: &str) -> Result<Vec<PullRequest>, GitHubError>;

    /// The difference between two commits.
    async fn compare(&self, base: &str, head: &str) -> Result<CommitComparison, GitHubError>;

    /// The newest deployment of an environment with this task.
    async fn last_deployment(&self, environment: &str, task: &str) -> Result<Option<GitHubDeployment>, GitHubError>;

    async fn create_deployment(&self, deployment: &NewGitHubDeployment) -> Result<GitHubDeployment, GitHubError>;

    /// Sets the state of a deployment.
    async fn create_deployment_status(&self, id: u64, status: &NewDeploymentStatus) -> Result<(), GitHubError>;
}
