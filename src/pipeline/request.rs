//! What a run is asked to do.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use cog_findings::Finding;
use tokio_util::sync::CancellationToken;

use crate::build::NamedSecret;
use crate::clients::ErrorKind;
use crate::domain::plan::ModelPlan;

/// One model of a run.
#[derive(Clone)]
pub struct ModelRun {
    /// What is going to be done.
    pub plan: ModelPlan,
    /// What reading its configuration found.
    pub config_findings: Vec<Finding>,
    /// What has to be done to the project's folder before it is read.
    pub prepare_tree: Option<Arc<dyn PrepareTree>>,
    /// The key that its tests need and that its official model must not hold; its run has two passes.
    pub key_files: Option<Arc<dyn KeyFiles>>,
}

impl ModelRun {
    /// A model whose folder is ready.
    pub fn new(plan: ModelPlan) -> Self {
        Self { plan, config_findings: Vec::new(), prepare_tree: None, key_files: None }
    }
}

/// Makes a project's folder ready for one of several models that share it, as a repository's `script/select-model` does. Called right
/// before the model is inspected, for the models of a run go through the folder one after the other.
#[async_trait]
pub trait PrepareTree: Send + Sync {
    /// Makes it ready for a model.
    async fn prepare(&self, name: &str, cancelled: &CancellationToken) -> Result<(), PrepareTreeError>;
}

/// Writes the key that a model's tests need into its project's files, and deletes it again, as `script/write-api-key` and
/// `script/delete-api-key` of official models' repositories do.
#[async_trait]
pub trait KeyFiles: Send + Sync {
    /// Has the key written, after the folder was made ready.
    async fn write(&self, name: &str, cancelled: &CancellationToken) -> Result<WrittenKey, PrepareTreeError>;

    /// Has it deleted. Whether it is gone is for others to prove.
    async fn delete(&self, name: &str, cancelled: &CancellationToken) -> Result<(), PrepareTreeError>;

    /// Puts the files back as they were before the key was written, unless it was deleted, and tells what could not be.
    async fn put_back(&self) -> Vec<String>;
}

/// A key in a project's files.
#[derive(Debug, Clone)]
pub struct WrittenKey {
    /// The files, relative to the project.
    pub files: Vec<PathBuf>,
    /// What is secret of them.
    pub secrets: Vec<NamedSecret>,
}

/// A folder that could not be made ready.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PrepareTreeError {
    /// What went wrong, the chain of causes included.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// Whose failure it is.
    pub kind: ErrorKind,
}

/// What is asked of a run as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// The version of safe-push, for the report.
    pub tool_version: String,
    /// Facts about the run as a whole, for the report.
    pub notices: Vec<String>,
    /// Where outputs of predictions are kept, when they are; each model gets a folder of its own.
    pub keep_outputs: Option<PathBuf>,
}
