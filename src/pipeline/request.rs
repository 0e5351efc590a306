//! What is asked of a run, and whom it may talk to.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use cog_findings::Finding;
use tokio_util::sync::CancellationToken;

use crate::build::{BuildEnvironment, NamedSecret};
use crate::clients::ErrorKind;
use crate::clients::docker::{Docker, RegistryCredentials};
use crate::clients::registry::Registry;
use crate::clients::replicate::Replicate;
use crate::domain::plan::ModelPlan;
use crate::inspect::Tools;
use crate::pipeline::building::ImageServices;
use crate::publish::PublishServices;
use crate::support::clock::Clock;
use crate::verify::{Judge, VerifyServices};

/// Whom a run talks to.
#[derive(Clone)]
pub struct Services {
    /// Models, versions, predictions.
    pub replicate: Arc<dyn Replicate>,
    /// Images.
    pub docker: Arc<dyn Docker>,
    /// Manifests.
    pub registry: Arc<dyn Registry>,
    /// The registry as the daemon names it: `r8.im`.
    pub registry_host: String,
    /// Who pushes.
    pub credentials: RegistryCredentials,
    /// Who judges outputs by words, when somebody can.
    pub judge: Option<Arc<dyn Judge>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Programs that `inspect` starts.
    pub tools: Tools,
    /// What a build needs to know of its surroundings.
    pub build: BuildEnvironment,
}

impl Services {
    pub(super) fn publishing(&self) -> PublishServices {
        PublishServices {
            docker: Arc::clone(&self.docker),
            registry: Arc::clone(&self.registry),
            replicate: Arc::clone(&self.replicate),
            registry_host: self.registry_host.clone(),
            credentials: self.credentials.clone(),
            clock: Arc::clone(&self.clock),
        }
    }

    pub(super) fn images(&self) -> ImageServices<'_> {
        ImageServices { docker: self.docker.as_ref(), registry: Some(self.registry.as_ref()), environment: &self.build }
    }

    pub(super) fn verifying(&self) -> VerifyServices {
        VerifyServices { replicate: Arc::clone(&self.replicate), judge: self.judge.clone(), clock: Arc::clone(&self.clock) }
    }
}

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

/// How far a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Inspect.
    Check,
    /// Build an image that stays in the daemon under the name that Cog would give it.
    Build,
    /// Everything that the plan says; its `publish` decides whether anything is published.
    Publish,
}

/// What is asked of a run as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// The version of safe-push, for the report.
    pub tool_version: String,
    /// Facts about the run as a whole, for the report.
    pub notices: Vec<String>,
    /// How far it goes.
    pub goal: Goal,
    /// Where outputs of predictions are kept, when they are; each model gets a folder of its own.
    pub keep_outputs: Option<PathBuf>,
}
