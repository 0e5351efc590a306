//! Why there is no plan.

use cog_findings::Finding;
use cog_findings::text::{count, shorten};

/// Settings that make no plan.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Files with mistakes; all of them.
    #[error("the configuration has {}", count(findings.iter().filter(|finding| finding.is_error()).count(), "mistake"))]
    Mistakes {
        /// What is wrong, in the order of the files.
        findings: Vec<Finding>,
    },
    /// A setting outside of files that cannot be used.
    #[error("{source_name} is '{value}', but {problem}")]
    BadSetting {
        /// The flag or variable.
        source_name: String,
        /// What it is set to.
        value: String,
        /// What is wrong with it.
        problem: String,
        /// The way out.
        hint: Option<String>,
    },
    /// A file that was named and is not there, or cannot be read.
    #[error("failed to read the configuration {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Nobody says which model it is.
    #[error("which model is it? {looked}")]
    NoModel {
        /// Where it was looked for.
        looked: String,
    },
    /// More than one model could be meant, and nobody said which.
    #[error("{} models have a configuration, and none of them was chosen: {}", names.len(), shorten(&names.join(", "), 600))]
    SeveralModels {
        /// Their names.
        names: Vec<String>,
    },
    /// One model's name for several configurations.
    #[error("{model} cannot be the model of {number} configurations")]
    ModelForSeveral {
        /// The model on the command line.
        model: String,
        /// How many configurations were chosen.
        number: usize,
        /// The name of the first of them.
        first: String,
    },
    /// A model that none of several configurations is for.
    #[error("none of {} configurations is for {model}: {}", names.len(), shorten(&names.join(", "), 600))]
    ModelNotConfigured {
        /// The model on the command line.
        model: String,
        /// The names of configurations.
        names: Vec<String>,
    },
    /// Names without a configuration.
    #[error("there is no model '{name}' in {folder}")]
    UnknownModel {
        /// The name.
        name: String,
        /// Where it was looked for.
        folder: String,
        /// The way out.
        hint: String,
    },
}

impl ConfigError {
    /// The way out.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Mistakes { .. } => None,
            Self::BadSetting { hint, .. } => hint.clone(),
            Self::Unreadable { .. } => Some("check the path, which is relative to the repository".to_owned()),
            Self::NoModel { .. } => Some(
                "name it as OWNER/NAME on the command line, or write a configuration with `safe-push init OWNER/NAME`".to_owned(),
            ),
            Self::SeveralModels { names } => {
                let first = names.first().map_or("NAME", String::as_str);
                Some(format!("choose all of them with `--models all`, or one as in `--models {first}`"))
            }
            Self::ModelNotConfigured { names, .. } => {
                let first = names.first().map_or("NAME", String::as_str);
                Some(format!("name the configuration as well, as in `--models {first}`, or write one for the model"))
            }
            Self::ModelForSeveral { first, .. } => {
                Some(format!("leave MODEL out, so that each configuration's own is used, or choose one as in `--models {first}`"))
            }
            Self::UnknownModel { hint, .. } => Some(hint.clone()),
        }
    }

    /// What there is to say with places.
    pub fn findings(&self) -> Vec<Finding> {
        match self {
            Self::Mistakes { findings } => findings.clone(),
            _ => Vec::new(),
        }
    }
}
