//! The project of a model, as read from its folder.

use std::path::PathBuf;

use crate::config::CogConfig;
use crate::decision::Decision;
use crate::recipe::SourceText;
use crate::sdk::SdkVersion;

/// The project of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The folder that holds the configuration.
    pub folder: PathBuf,
    /// The path of the configuration, relative to the repository: `cog.yaml`, `models/a/cog.yaml`.
    pub config_file: String,
    /// Its text.
    pub config_text: String,
    /// Its values.
    pub config: CogConfig,
    /// The SDK of the model.
    pub sdk: SdkVersion,
    /// Why that SDK was chosen.
    pub sdk_decision: Decision,
    /// The file that `build.python_requirements` names, if it exists.
    pub requirements: Option<SourceText>,
}
