//! The result of loading settings.

use std::path::PathBuf;

use cog_findings::Finding;

use crate::config::sources::RunSettings;
use crate::domain::model_name::ModelName;
use crate::domain::plan::ModelPlan;
use crate::domain::project_place::ProjectPlace;

/// The plan of a model, with findings about its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedModel {
    pub plan: ModelPlan,
    /// Warnings and notes. Mistakes are a `ConfigError`.
    pub findings: Vec<Finding>,
}

/// The plans and settings of a run.
#[derive(Debug, Clone)]
pub struct LoadedModels {
    /// The models, in the order of the request.
    pub models: Vec<LoadedModel>,
    pub run: RunSettings,
    /// Warnings and notes that concern no single model.
    pub findings: Vec<Finding>,
}

/// A model whose configuration is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct UnconfiguredModel {
    /// The folder of the repository.
    pub repository: PathBuf,
    /// The configuration as it can be opened.
    pub path: PathBuf,
    /// The folder of its project.
    pub project: PathBuf,
    /// Where that folder is in the repository.
    pub place: ProjectPlace,
    /// Why that folder is not certain.
    pub findings: Vec<Finding>,
}

/// The models that can be chosen.
#[derive(Debug, Clone)]
pub struct Configured {
    /// Sorted by name.
    pub models: Vec<ConfiguredModel>,
    pub run: RunSettings,
    /// Findings that concern no single model, such as files whose names cannot be names of models.
    pub findings: Vec<Finding>,
}

/// A model with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredModel {
    pub name: ModelName,
    /// The configuration, relative to the repository.
    pub file: String,
    /// The folder that is built, relative to the repository; empty for the repository itself.
    pub context: String,
}
