//! What can be asked of GitHub.

use async_trait::async_trait;

use crate::clients::github::{ChangedFile, CheckRun, Comment, Comparison, GitHubError, NewCheckRun, UpdatedCheckRun};

/// One repository on GitHub.
#[async_trait]
pub trait GitHub: Send + Sync {
    /// Begins a check run. When the answer is lost, the run is looked for under its external id before it is made again.
    async fn create_check_run(&self, run: &NewCheckRun) -> Result<CheckRun, GitHubError>;

    /// Ends a check run.
    async fn update_check_run(&self, id: u64, run: &UpdatedCheckRun) -> Result<(), GitHubError>;

    /// The check runs of a commit; `name` for those of one name.
    async fn check_runs(&self, sha: &str, name: Option<&str>) -> Result<Vec<CheckRun>, GitHubError>;

    /// The comments of a pull request, oldest first.
    async fn comments(&self, number: u64) -> Result<Vec<Comment>, GitHubError>;

    /// Writes a comment. When the answer is lost, this is an error: the caller looks what is there.
    async fn create_comment(&self, number: u64, body: &str) -> Result<Comment, GitHubError>;

    /// Changes a comment.
    async fn update_comment(&self, id: u64, body: &str) -> Result<(), GitHubError>;

    /// Removes a comment. One that is gone already is fine.
    async fn delete_comment(&self, id: u64) -> Result<(), GitHubError>;

    /// The files that a pull request changes; GitHub lists no more than 3,000.
    async fn pull_request_files(&self, number: u64) -> Result<Vec<ChangedFile>, GitHubError>;

    /// What lies between two commits.
    async fn compare(&self, base: &str, head: &str) -> Result<Comparison, GitHubError>;
}
