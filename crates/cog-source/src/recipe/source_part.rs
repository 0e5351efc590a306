//! The part of a generated Dockerfile that depends on the project's own source: what changes when a predictor is edited, while packages and
//! everything below them stay.

use super::facts::RecipeFacts;
use crate::config::CogConfig;
use crate::dockerfile::project::SERVER_VARIABLES;
use crate::requirements::Prepared;

/// What depends on the project's own source, and what does not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourcePart {
    /// The Dockerfile without the instructions that depend on it.
    pub other_instructions: String,
    /// Variables of the model server, in the order in which they are set: the targets, and the concurrency that a decorator may set.
    pub variables: Vec<(String, String)>,
    /// The shell command that copies the files. The history of an image quotes it.
    pub copy_command: String,
    /// The configuration that is copied to `cog.yaml`, if that is not its name.
    pub renamed_config: Option<String>,
    /// Wheels and source archives of the project that pip installs, relative to it.
    pub local_packages: Vec<String>,
}

impl SourcePart {
    /// Names of all variables that [`Self::variables`] can have.
    pub const VARIABLES: [&str; 3] = SERVER_VARIABLES;

    /// `None` where `environment` sets the server's variables too, or the files are copied in a way of their own.
    pub(super) fn of(
        config: &CogConfig,
        facts: &RecipeFacts,
        other_instructions: &str,
        variables: Vec<(String, String)>,
        copy_command: Option<String>,
        prepared: &Prepared,
    ) -> Option<Self> {
        if config.environment.iter().any(|variable| SERVER_VARIABLES.contains(&variable.value.name.as_str())) {
            return None;
        }
        Some(Self {
            other_instructions: other_instructions.to_owned(),
            variables,
            copy_command: copy_command?,
            renamed_config: (facts.config_name != "cog.yaml").then(|| facts.config_name.clone()),
            local_packages: prepared.artifacts.iter().map(|artifact| artifact.project_path.clone()).collect(),
        })
    }
}
