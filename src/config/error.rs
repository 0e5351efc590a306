//! Errors of loading settings.

use cog_findings::Finding;
use cog_findings::text::{count, shorten};

/// Settings that cannot become a plan.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Mistakes in files, all of them at once.
    #[error("the configuration has {}", count(findings.iter().filter(|finding| finding.is_error()).count(), "mistake"))]
    Mistakes {
        /// The mistakes, in the order of the files.
        findings: Vec<Finding>,
    },
    /// A flag, variable or input with a value that cannot be used.
    #[error("{source_name} is '{value}', but {problem}")]
    BadSetting {
        /// The flag, variable or input.
        source_name: String,
        value: String,
        /// The problem, as in "it must be true or false".
        problem: String,
        /// How to correct it.
        hint: Option<String>,
    },
    /// A configuration that cannot be read.
    #[error("failed to read the configuration {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// The error of the file system.
        #[source]
        source: std::io::Error,
    },
    /// No model, neither on the command line nor in a file.
    #[error("no model given: {looked}")]
    NoModel {
        /// Where no model was found.
        looked: String,
        /// Folders that may hold one: below the repository, with a `cog.yaml`.
        folders: Vec<String>,
    },
    /// Several models, of which none was chosen.
    #[error("no model given, and {} are configured: {}", names.len(), shorten(&names.join(", "), 600))]
    SeveralModels { names: Vec<String> },
    /// One model on the command line, and several configurations.
    #[error("{model} cannot replace the models of {number} configurations")]
    ModelForSeveral {
        /// The model on the command line.
        model: String,
        /// How many configurations were chosen.
        number: usize,
        /// The name of the first of them.
        first: String,
    },
    /// A model without a configuration, where other models have one.
    #[error("none of the {} configurations is for {model}: {}", names.len(), shorten(&names.join(", "), 600))]
    ModelNotConfigured {
        /// The model on the command line.
        model: String,
        /// The names of configurations.
        names: Vec<String>,
    },
    /// A name or pattern without a configuration.
    #[error("{}", unknown_model(name, folder))]
    UnknownModel {
        name: String,
        /// The folder with the configurations.
        folder: String,
        /// How to correct it.
        hint: String,
    },
}

fn unknown_model(name: &str, folder: &str) -> String {
    match name.contains(['*', '?', '[']) {
        true => format!("no model in {folder} matches '{name}'"),
        false => format!("'{name}' is not a model in {folder}"),
    }
}

impl ConfigError {
    /// How to correct it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Mistakes { .. } => None,
            Self::BadSetting { hint, .. } => hint.clone(),
            Self::Unreadable { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Some("check the path; it is relative to the repository".to_owned())
            }
            // The text of a file that exists but cannot be read says how to correct it.
            Self::Unreadable { .. } => None,
            Self::NoModel { folders, .. } if folders.len() > 1 => Some(format!(
                "choose a folder with `--working-directory {}`, or write a configuration for each with `safe-push init OWNER`",
                folders[0]
            )),
            Self::NoModel { .. } => {
                Some("pass it as OWNER/NAME, or write a configuration with `safe-push init OWNER/NAME`".to_owned())
            }
            Self::SeveralModels { names } => {
                let first = names.first().map_or("NAME", String::as_str);
                Some(format!("choose all of them with `--models all`, or one with `--models {first}`"))
            }
            Self::ModelNotConfigured { names, .. } => {
                let first = names.first().map_or("NAME", String::as_str);
                Some(format!("choose a configuration with `--models {first}`, or write one for the model"))
            }
            Self::ModelForSeveral { first, .. } => {
                Some(format!("omit MODEL to use the model of each configuration, or choose one with `--models {first}`"))
            }
            Self::UnknownModel { hint, .. } => Some(hint.clone()),
        }
    }

    /// The mistakes, with their locations.
    pub fn findings(&self) -> Vec<Finding> {
        match self {
            Self::Mistakes { findings } => findings.clone(),
            _ => Vec::new(),
        }
    }
}
