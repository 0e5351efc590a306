//! A project as read from its folder.
use std::path::PathBuf;

use crate::cog::config::CogConfig;
use crate::cog::decision::Decision;
use crate::cog::recipe::SourceText;
use crate::cog::sdk::SdkVersion;

/// A project as read from its folder: values only.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its folder.
    pub folder: PathBuf,
    /// Its configuration file.
    pub config_file: String,
    /// Its text.
    pub config_text: String,
    /// Read.
    pub config: CogConfig,
    /// The SDK.
    pub sdk: SdkVersion,
    /// Why.
    pub sdk_decision: Decision,
    /// The requirements file.
    pub requirements: Option<SourceText>,
}
