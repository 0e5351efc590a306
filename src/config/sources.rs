//! Where settings come from, and what holds for a run as a whole.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::settings::{Key, Settings};
use crate::config::tokens::Tokens;
use crate::domain::model_name::ModelName;
use crate::support::path_patterns::PathPatterns;

/// The texts of flags. A switch has `true`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags(pub BTreeMap<Key, Vec<String>>);

/// Where settings come from.
#[derive(Clone, Default)]
pub struct Sources {
    /// The folder of the repository.
    pub repository: PathBuf,
    /// The environment's variables.
    pub environment: BTreeMap<String, String>,
    /// Whether inputs of the action are among them.
    pub action: bool,
    /// Flags.
    pub flags: Flags,
    /// The model on the command line.
    pub model_argument: Option<String>,
    /// The model whose version is verified. It chooses the configuration, whose own model stays the live one.
    pub verified_model: Option<String>,
    /// Whether all models are meant when several have a configuration and none was chosen. Otherwise that is an error: a run that publishes
    /// has to be told what.
    pub every_model: bool,
    /// The models, where somebody has already found out what a request such as `changed` means.
    pub selected: Option<Vec<ModelName>>,
}

/// Which files models are made of.
#[derive(Debug, Clone, Default)]
pub struct ModelPaths {
    /// Of models without patterns of their own.
    pub all: Option<PathPatterns>,
    /// Of single models, by their names.
    pub models: BTreeMap<String, PathPatterns>,
}

impl ModelPaths {
    /// Of one model; `None` when nothing is said.
    pub fn of_model(&self, name: &str) -> Option<&PathPatterns> {
        self.models.get(name).or(self.all.as_ref())
    }
}

/// What holds for a run as a whole.
#[derive(Debug, Clone, Default)]
pub struct RunSettings {
    /// The folder of the repository.
    pub repository: PathBuf,
    /// Which files models are made of.
    pub paths: ModelPaths,
    /// Settings of the whole repository, without those of single models.
    pub settings: Settings,
    /// Tokens.
    pub tokens: Tokens,
}
