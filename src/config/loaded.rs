//! What loading yields.

use cog_findings::Finding;

use crate::config::sources::RunSettings;
use crate::domain::model_name::ModelName;
use crate::domain::plan::ModelPlan;

/// One model's plan, and what reading its settings found.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedModel {
    /// The plan.
    pub plan: ModelPlan,
    /// Warnings; mistakes would have made an error.
    pub findings: Vec<Finding>,
}

/// Everything that is set.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The models, in the order of the request.
    pub models: Vec<LoadedModel>,
    /// The run.
    pub run: RunSettings,
    /// What concerns no single model: warnings and notes; mistakes would have made an error.
    pub findings: Vec<Finding>,
}

/// The models that can be chosen from.
#[derive(Debug, Clone)]
pub struct Configured {
    /// Their names, sorted.
    pub models: Vec<ConfiguredModel>,
    /// The run.
    pub run: RunSettings,
    /// What concerns no single model, among it files whose names cannot be models' names.
    pub findings: Vec<Finding>,
}

/// A model with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredModel {
    /// Its name.
    pub name: ModelName,
    /// The configuration, relative to the repository.
    pub file: String,
}
