//! The project of a model, as read from its folder.

use std::path::PathBuf;

use crate::config::CogConfig;
use crate::decision::Decision;
use crate::python::Pydantic;
use crate::recipe::SourceText;
use crate::sdk::SdkVersion;

/// The project of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The folder that is built. Paths in the configuration are relative to it.
    pub folder: PathBuf,
    /// That folder's path in the repository, with `/`; empty for the repository itself.
    pub path: String,
    /// The path of the configuration, relative to the repository: `cog.yaml`, `models/a/cog.yaml`.
    pub config_file: String,
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

impl Project {
    /// The configuration's path, relative to the folder that is built.
    pub fn config_name(&self) -> &str {
        let inside = self.config_file.strip_prefix(self.path.as_str()).unwrap_or(&self.config_file);
        inside.trim_start_matches('/')
    }

    /// The generation of pydantic in the image of an SDK that uses it: the requirements may ask for the first one.
    pub fn pydantic(&self) -> Pydantic {
        let packages = self.config.build.python_packages.iter().map(|package| package.value.as_str());
        let lines = self.requirements.iter().flat_map(|source| source.text.lines());
        let is_first = |line: &str| {
            let line: String =
                line.split('#').next().unwrap_or(line).chars().filter(|character| !character.is_whitespace()).collect();
            let version = line.strip_prefix("pydantic");
            version.is_some_and(|version| ["==1", "~=1", "<2", "<=1"].iter().any(|start| version.contains(start)))
        };
        if packages.chain(lines).any(is_first) { Pydantic::One } else { Pydantic::Two }
    }

    /// The path in the repository of a file that is named by its path in the built folder. An absolute path stays as it is.
    pub fn shown(&self, file: &str) -> String {
        if self.path.is_empty() || file.starts_with('/') { file.to_owned() } else { format!("{}/{file}", self.path) }
    }
}
