//! `cog.yaml` as values, each with its location.

use cog_findings::Location;

use crate::environment::Variable;
use crate::sdk::SdkVersion;
use crate::target::Target;
use crate::yaml::Located;

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
    /// The class or function that answers predictions: `run`, called `predict` before Cog 0.20.
    pub predict: Option<Located<Target>>,
    /// The class or function that answers trainings.
    pub train: Option<Located<Target>>,
    /// How many predictions run at once.
    pub concurrency: Option<Concurrency>,
    /// Variables for the build and for the running model.
    pub environment: Vec<Located<Variable>>,
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
    /// Commands to run after all packages are installed.
    pub run: Vec<RunCommand>,
    /// Commands to run after those of `run`, despite the name; deprecated.
    pub pre_install: Vec<RunCommand>,
    /// The requested CUDA version.
    pub cuda: Option<Located<String>>,
    /// The requested cuDNN version.
    pub cudnn: Option<Located<String>>,
    /// The requested SDK.
    pub sdk_version: Option<Located<SdkVersion>>,
    /// Keys that only Cog up to 0.16 reads. They do not change a build.
    pub legacy_keys: Vec<Located<String>>,
}

/// A command of `build.run`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCommand {
    /// One shell line.
    pub command: String,
    /// Secrets that it can read.
    pub mounts: Vec<SecretMount>,
    /// Where the command is written.
    pub location: Location,
}

/// A secret that a command can read while the image is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMount {
    /// The secret's name.
    pub id: String,
    /// The path of the file that contains it.
    pub target: String,
}

/// The `concurrency` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concurrency {
    /// How many predictions may run at once.
    pub max: Located<u32>,
    /// A hint for autoscalers, which Cog itself ignores.
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
    /// Where the entry is written.
    pub location: Location,
}

/// One source of managed weights.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeightSource {
    /// The address.
    pub uri: Option<String>,
    /// Patterns of files to include.
    pub include: Vec<String>,
    /// Patterns of files to exclude.
    pub exclude: Vec<String>,
}
