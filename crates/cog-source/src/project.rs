//! A model's project: what its folder says, as values.

use std::path::PathBuf;

use crate::config::CogConfig;
use crate::decision::Decision;
use crate::recipe::SourceText;
use crate::sdk::SdkVersion;

/// A project as read from its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The folder that holds the configuration.
    pub folder: PathBuf,
    /// The configuration as the user knows it, relative to the repository: `cog.yaml`, `models/a/cog.yaml`.
    pub config_file: String,
    /// Its text.
    pub config_text: String,
    /// Its values.
    pub config: CogConfig,
    /// The SDK that the model runs on.
    pub sdk: SdkVersion,
    /// Why that one.
    pub sdk_decision: Decision,
    /// The file that `build.python_requirements` names, when it is there.
    pub requirements: Option<SourceText>,
}
