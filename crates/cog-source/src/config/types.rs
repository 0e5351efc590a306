//! `cog.yaml` as values, each with the place it was written at.

use std::fmt;

use cog_findings::Location;

use crate::environment::Variable;
use crate::sdk::SdkVersion;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub location: Location,
}

impl<T> Located<T> {
    /// A value at a place.
    pub fn new(value: T, location: Location) -> Self {
        Self { value, location }
    }
}

/// A whole `cog.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CogConfig {
    /// The file's name as the user knows it.
    pub file: String,
    /// How the image is built.
    pub build: Build,
    /// The name of the image.
    pub image: Option<Located<String>>,
    /// The repository of a bundle with managed weights.
    pub model: Option<Located<String>>,
    /// What answers predictions: `run`, or `predict` as it was called before 0.20.
    pub predict: Option<Target>,
    /// What answers trainings.
    pub train: Option<Target>,
    /// How many predictions run at once.
    pub concurrency: Option<Concurrency>,
    /// Variables of build and run time.
    pub environment: Vec<Located<Variable>>,
    /// Managed weights.
    pub weights: Vec<ManagedWeights>,
}

/// The `build` section.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Build {
    /// Whether the model needs a GPU.
    pub gpu: bool,
    /// `major.minor` or `major.minor.patch`, as written.
    pub python_version: Option<Located<String>>,
    /// The requirements file, relative to the project.
    pub python_requirements: Option<Located<String>>,
    /// Requirement lines in the file itself; deprecated.
    pub python_packages: Vec<Located<String>>,
    /// Debian packages.
    pub system_packages: Vec<Located<String>>,
    /// Commands after everything was installed.
    pub run: Vec<RunCommand>,
    /// Commands that run after those of `run`, in spite of the name; deprecated.
    pub pre_install: Vec<RunCommand>,
    /// The CUDA version asked for.
    pub cuda: Option<Located<String>>,
    /// The cuDNN version asked for.
    pub cudnn: Option<Located<String>>,
    /// The SDK asked for.
    pub sdk_version: Option<Located<SdkVersion>>,
    /// Keys that meant something up to 0.16 only; they do not change a build.
    pub legacy_keys: Vec<Located<String>>,
}

/// A command of `build.run`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCommand {
    /// One shell line.
    pub command: String,
    /// Secrets that it may read.
    pub mounts: Vec<SecretMount>,
    /// Where the command stands.
    pub location: Location,
}

/// A secret that a command may read while the image is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMount {
    /// The secret's name.
    pub id: String,
    /// The file it appears as.
    pub target: String,
}

/// A class or function in a file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The file, relative to the project, with `.py`.
    pub file: String,
    /// The class or function.
    pub name: String,
    /// Where it stands in `cog.yaml`.
    pub location: Location,
}

impl Target {
    /// Reads `file.py:Name`: `.py:` must come exactly once, and neither side may be empty.
    pub fn parse(text: &str, location: Location) -> Option<Self> {
        let mut parts = text.split(".py:");
        let (stem, name) = (parts.next()?, parts.next()?);
        if parts.next().is_some() || stem.is_empty() || name.is_empty() {
            return None;
        }
        Some(Self { file: format!("{stem}.py"), name: name.to_owned(), location })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.name)
    }
}

/// The `concurrency` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concurrency {
    /// How many predictions may run at once.
    pub max: Located<u32>,
    /// A hint for autoscalers, which Cog itself drops.
    pub default_target: Option<u32>,
}

/// An entry of `weights`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedWeights {
    /// The name, which becomes part of a tag.
    pub name: String,
    /// The absolute folder in the container.
    pub target: String,
    /// Where the files come from.
    pub sources: Vec<WeightSource>,
    /// Where the entry stands.
    pub location: Location,
}

/// One source of managed weights.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeightSource {
    /// The address.
    pub uri: Option<String>,
    /// Patterns of files to take.
    pub include: Vec<String>,
    /// Patterns of files to leave.
    pub exclude: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_names_a_file_and_a_member() {
        for (text, expected) in [
            ("predict.py:Predictor", Some("predict.py:Predictor")),
            ("src/run.py:run", Some("src/run.py:run")),
            ("predict:Predictor", None),
            ("predict.py", None),
            ("a.py:b.py:C", None),
            (".py:C", None),
            ("a.py:", None),
        ] {
            let target = Target::parse(text, Location::file("cog.yaml"));
            assert_eq!(target.map(|target| target.to_string()).as_deref(), expected, "{text}");
        }
    }
}
