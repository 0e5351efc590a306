//! The sources of settings, and the settings of a run as a whole.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::settings::{Key, Settings};
use crate::config::tokens::Tokens;
use crate::domain::model_name::ModelName;
use crate::support::path_patterns::PathPatterns;

/// The texts of flags. A switch has `true`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags(pub BTreeMap<Key, Vec<String>>);

/// The sources of settings.
#[derive(Clone, Default)]
pub struct Sources {
    /// The folder of the repository.
    pub repository: PathBuf,
    /// The environment's variables.
    pub environment: BTreeMap<String, String>,
    /// Whether the variables include inputs of the action.
    pub action: bool,
    pub flags: Flags,
    /// The model on the command line.
    pub model_argument: Option<String>,
    /// The model of a version to verify. It chooses the configuration, and the configured model stays the live one.
    pub verified_model: Option<String>,
    /// Whether several configured models without a choice mean all of them. Otherwise they are an error, because a run that publishes needs
    /// a choice.
    pub every_model: bool,
    /// Whether a project without the name of a live model will do, because nothing is compared or published.
    pub model_optional: bool,
    /// The models that a request such as `changed` was found to mean.
    pub selected: Option<Vec<ModelName>>,
}

/// The files that affect models.
#[derive(Debug, Clone, Default)]
pub struct ModelPaths {
    /// Patterns of models without their own.
    pub all: Option<PathPatterns>,
    /// Patterns of single models, by their names.
    pub models: BTreeMap<String, PathPatterns>,
}

impl ModelPaths {
    /// Patterns of one model; `None` if every file affects it.
    pub fn of_model(&self, name: &str) -> Option<&PathPatterns> {
        self.models.get(name).or(self.all.as_ref())
    }
}

/// Settings of a run as a whole.
#[derive(Debug, Clone, Default)]
pub struct RunSettings {
    /// The folder of the repository.
    pub repository: PathBuf,
    /// The files that affect models.
    pub paths: ModelPaths,
    /// Settings of the whole repository, without those of single models.
    pub settings: Settings,
    pub tokens: Tokens,
}
