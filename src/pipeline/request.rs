//! What a run is asked to do.

use std::path::PathBuf;
use std::sync::Arc;

use cog_findings::Finding;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::build::NamedSecret;
use crate::clients::ErrorKind;
use crate::domain::plan::ModelPlan;
use crate::pipeline::promotion::Promotion;

#[derive(Clone)]
pub struct ModelRun {
    /// The plan of its run.
    pub plan: ModelPlan,
    /// Findings of its configuration.
    pub config_findings: Vec<Finding>,
    /// Prepares the project's folder before it is read.
    pub prepare_tree: Option<Arc<dyn PrepareTree>>,
    /// The key that its tests need and that its official model must not contain. With it the run has two passes.
    pub key_files: Option<Arc<dyn KeyFiles>>,
    /// How it takes part in promotions, if it does.
    pub promotion: Option<Promotion>,
}

impl ModelRun {
    /// A model whose folder is ready.
    pub fn new(plan: ModelPlan) -> Self {
        Self { plan, config_findings: Vec::new(), prepare_tree: None, key_files: None, promotion: None }
    }
}

/// Makes a project's folder ready for one of several models that share it, as a repository's `script/select-model` does. Called right
/// before the model is inspected, for the models of a run go through the folder one after the other.
pub trait PrepareTree: Send + Sync {
    /// Names the script that prepares the folder, because mistakes in the folder may come from it.
    fn description(&self, name: &str) -> String {
        format!("the select script, for {name}")
    }

    /// Prepares the folder for a model.
    fn prepare<'a>(&'a self, name: &'a str, cancelled: &'a CancellationToken) -> BoxFuture<'a, Result<(), PrepareTreeError>>;
}

/// Writes the key that a model's tests need into its project's files, and deletes it again, as `script/write-api-key` and
/// `script/delete-api-key` of official models' repositories do.
pub trait KeyFiles: Send + Sync {
    /// Writes the key, after the folder was prepared.
    fn write<'a>(&'a self, name: &'a str, cancelled: &'a CancellationToken) -> BoxFuture<'a, Result<WrittenKey, PrepareTreeError>>;

    /// Deletes the key: afterwards each of its files is gone or what it was before. That it is nowhere else is proven separately.
    fn delete<'a>(&'a self, name: &'a str, cancelled: &'a CancellationToken) -> BoxFuture<'a, Result<(), PrepareTreeError>>;

    /// Restores the files from before the key was written, unless it was deleted. Returns why some could not be restored.
    fn put_back<'a>(&'a self) -> BoxFuture<'a, Vec<String>>;
}

/// A key in a project's files.
#[derive(Debug, Clone)]
pub struct WrittenKey {
    /// The files, relative to the project.
    pub files: Vec<PathBuf>,
    /// The secrets in them.
    pub secrets: Vec<NamedSecret>,
    /// Files whose secrets may be unknown, because nothing in them looks like a key, or too much does.
    pub unrecognized: Vec<PathBuf>,
}

/// A folder that could not be prepared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PrepareTreeError {
    /// The error and its causes.
    pub message: String,
    /// The fix, as an imperative.
    pub hint: Option<String>,
    /// Whose failure it is.
    pub kind: ErrorKind,
}

/// Options of a run as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// The version of safe-push, for the report.
    pub tool_version: String,
    /// Facts about the run as a whole, for the report.
    pub notices: Vec<String>,
    /// The folder for outputs of predictions, if they are kept. Each model gets a folder of its own in it.
    pub keep_outputs: Option<PathBuf>,
}
