//! Deployments of a repository: `docs/reference/github-actions.md#deployments`.

use serde::{Deserialize, Serialize};

/// A deployment to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewGitHubDeployment {
    /// The commit.
    pub r#ref: String,
    /// Distinguishes it from others of the same environment.
    pub task: String,
    pub environment: String,
    /// One line.
    pub description: String,
    /// Whether the environment will be removed at some point.
    pub transient_environment: bool,
    /// Whether people use it.
    pub production_environment: bool,
    /// Whether GitHub merges the default branch into the commit first.
    pub auto_merge: bool,
    /// The checks that have to pass first. Empty for none.
    pub required_contexts: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GitHubDeployment {
    /// GitHub's id.
    pub id: u64,
}

/// The state of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    Success,
    Failure,
    /// Another one replaced it.
    Inactive,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewDeploymentStatus {
    pub state: DeploymentState,
    /// One line of at most 140 characters.
    pub description: String,
    /// Whether GitHub makes all others of the environment inactive.
    pub auto_inactive: bool,
    /// Where it can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_url: Option<String>,
    /// The page of the workflow run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_url: Option<String>,
}
