//! GitHub's API: check runs, pull request comments, deployments, lists of changed files, and the objects of a branch.
//!
//! [`GitHub`] is the trait and [`RealGitHub`] the client. octocrab is only its transport: base address, token and API version. Its typed
//! check runs lack `status`, `external_id`, `app` and `started_at`, its lists of them lack filters and pages, and its responses are
//! unlimited in size. So requests and responses are our own types. It runs over the HTTP client that all our clients share, because its own
//! ignores proxies, and with its retries off, because they repeat a `POST` at once and would leave a second comment. `policy` decides what
//! is repeated. What is written is up to `report`, and when, up to `deliver`.

mod api;
mod deployment;
mod error;
mod git_database;
mod pace;
mod policy;
mod real;
mod real_git_database;
mod types;

use types::FileContent;

pub use api::GitHub;
pub use deployment::{DeploymentState, GitHubDeployment, NewDeploymentStatus, NewGitHubDeployment};
pub use error::GitHubError;
pub use git_database::{GitBranch, GitDatabase, GitObjectKind, GitTree, GitTreeEntry, NewTreeEntry, Swap};
pub use policy::WritePolicy;
pub use real::{GitHubOptions, RealGitHub};
pub use types::{
    Annotation, Branch, CheckRun, CheckRunOutput, Comment, CommitComparison, Conclusion, DiffEntry, NewCheckRun, PullRequest,
    Repository, UpdatedCheckRun,
};
