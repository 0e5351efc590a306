//! What a run is going to do, resolved from files, environment and flags.
//!
//! A plan holds plain values. Nothing below it asks the environment or a file again.

use std::path::PathBuf;
use std::time::Duration;

use cog_findings::{Location, RuleCode, Severity};

use crate::choices;
use crate::domain::case::TestCase;
use crate::domain::identity::ModelRef;
use crate::domain::prediction::Inputs;

/// What one model's run is going to do.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelPlan {
    /// The name by which people select it: the configuration file's stem, or the model's name.
    pub name: String,
    /// The configuration file, relative to the repository, when there is one.
    pub config_file: Option<String>,
    /// The folder that holds `cog.yaml`.
    pub project: PathBuf,
    /// The live model.
    pub model: ModelRef,
    /// The private model that is staged to. Never equal to `model`.
    pub test_model: ModelRef,
    /// Hardware of the test model if it has to be created; `None` when the configuration names none.
    pub test_hardware: Option<String>,
    /// The official (proxy) model that gets a second push.
    pub official_model: Option<ModelRef>,
    /// Whether that push is of a second image, made after the key that the tests need was deleted.
    pub two_pass: bool,
    /// What is looked at before a build.
    pub inspect: InspectPlan,
    /// How the image is made.
    pub build: BuildPlan,
    /// What is asked of the staged version.
    pub predict: VerifyPlan,
    /// What is asked of its trainings.
    pub train: Option<TrainPlan>,
    /// Whether what passed is published.
    pub publish: PublishMode,
    /// The deployment that follows the live model.
    pub deployment: Option<DeploymentPlan>,
    /// Predictions in flight at one time, at least 1.
    pub parallel: usize,
    /// Time limits of predictions.
    pub limits: Limits,
}

/// Whether a model that passed is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishMode {
    /// Push to the live model and update its deployment.
    Publish,
    /// Stop when everything is verified.
    TestOnly,
}

/// What is looked at before a build.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InspectPlan {
    /// Report incompatible schemas as warnings.
    pub ignore_schema_compatibility: bool,
    /// Findings of these rules are dropped from the verdict and listed as ignored.
    pub ignore: Vec<RuleCode>,
    /// Rules whose severity the repository changed.
    pub severities: Vec<(RuleCode, Severity)>,
    /// Skip Ruff.
    pub no_lint: bool,
}

choices! {
    /// The program that builds the image.
    #[derive(Default)]
    pub enum Builder {
        /// safe-push itself, through the Docker daemon.
        #[default]
        Native = "native",
        /// The Cog CLI.
        Cog = "cog",
    }
}

/// How the image is made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BuildPlan {
    /// Who makes it.
    pub builder: Builder,
    /// The official program, when another than that on `PATH` is meant.
    pub cog_binary: Option<PathBuf>,
    /// The Cog version asked for: `0.16.12`, `v0.22.0` or `latest`. `None`: what `cog.yaml` says, else the newest.
    pub cog_version: Option<String>,
    /// A Dockerfile of the project's own, relative to it.
    pub dockerfile: Option<PathBuf>,
    /// Whether a `cog-base` image is used: `None` when one exists, `Some(true)` always, `Some(false)` never.
    pub use_cog_base_image: Option<bool>,
    /// Weights get a layer of their own.
    pub separate_weights: bool,
    /// Debug symbols are removed from Python's libraries.
    pub strip: bool,
    /// Python files are compiled ahead of time.
    pub precompile: bool,
    /// Build secrets as `id=…,src=…|env=…`.
    pub secrets: Vec<String>,
    /// Ignore every cached step.
    pub no_cache: bool,
    /// An image that is already built, instead of building one.
    pub image: Option<String>,
    /// What is never sent to the builder, wherever it lies: the reports of an earlier run would change what is published.
    /// Absolute, or relative to the working folder.
    pub unsent: Vec<PathBuf>,
}

/// Time limits of predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From creation until `started_at`: queue, image pull and `setup()`.
    pub startup: Duration,
    /// From `started_at` to the end.
    pub predict: Duration,
    /// The same for a training.
    pub train: Duration,
    /// Stop a run when its predictions have used this much run time.
    pub max_predict_seconds: Option<u64>,
}

impl Limits {
    /// The limits of a run that sets none.
    pub const DEFAULT: Self = Self {
        startup: Duration::from_secs(900),
        predict: Duration::from_secs(300),
        // cog-safe-push has one limit for predictions and trainings.
        train: Duration::from_secs(300),
        max_predict_seconds: None,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

choices! {
    /// Cases that also run on the live version, to compare the outputs.
    #[derive(Default)]
    pub enum Comparison {
        /// No case.
        Off = "off",
        /// The first test case, or generated required inputs.
        #[default]
        First = "first",
        /// Every test case.
        All = "all",
    }
}

/// What is asked of a staged version.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VerifyPlan {
    /// Test cases, in the order they were written.
    pub cases: Vec<TestCase>,
    /// What is compared with the live version.
    pub compare: Comparison,
    /// Made inputs; `None` when fuzzing is off.
    pub fuzz: Option<FuzzPlan>,
    /// Stop at the first failure and cancel what is running.
    pub fail_fast: bool,
    /// How grave the findings of health checks are.
    pub health: HealthMode,
    /// The judge's model name, when the default is not wanted.
    pub judge_model: Option<String>,
}

choices! {
    /// What an unhealthy output means: one that is blank, silent, empty, or not what its schema says.
    #[derive(Default)]
    pub enum HealthMode {
        /// Outputs are not checked.
        Off = "off",
        /// A warning.
        #[default]
        Warn = "warn",
        /// A failed case.
        Fail = "fail",
    }
}

/// Made inputs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FuzzPlan {
    /// Inputs that always have this value.
    pub fixed_inputs: Inputs,
    /// Inputs that are never sent.
    pub disabled_inputs: Vec<String>,
    /// How many.
    pub iterations: usize,
    /// Words for the model that invents inputs.
    pub prompt: Option<String>,
    /// Repeats an earlier run's inputs; `None` takes a fresh seed and prints it.
    pub seed: Option<u64>,
    /// Where the settings were written, when they stem from a file.
    pub location: Option<Location>,
}

/// What is asked of trainings.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainPlan {
    /// The model that receives trained versions; made when missing. Never equal to the live model.
    pub destination: ModelRef,
    /// Its hardware.
    pub destination_hardware: String,
    /// Test cases, in the order they were written.
    pub cases: Vec<TestCase>,
    /// Made inputs.
    pub fuzz: Option<FuzzPlan>,
}

impl TrainPlan {
    /// Whether anything is going to be trained.
    pub fn trains(&self) -> bool {
        !self.cases.is_empty() || self.fuzz.as_ref().is_some_and(|fuzz| fuzz.iterations > 0)
    }
}

/// The deployment that follows the live model. Scaling is only set on creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentPlan {
    /// The owner; the token's account when the configuration names none. Must be that account to create it.
    pub owner: String,
    /// The deployment's name.
    pub name: String,
    /// The hardware.
    pub hardware: String,
    /// Instances kept running; `None` leaves the default (CPU 1, GPU 0).
    pub min_instances: Option<u32>,
    /// Instances at most; `None` leaves the default (CPU 20, GPU 2).
    pub max_instances: Option<u32>,
}
