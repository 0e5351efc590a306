//! The plan of a run: plain values, resolved from files, variables, inputs and flags.
//!
//! Stages read the plan only. Reading settings is left to `config`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cog_findings::{Location, RuleCode, Severity};
use serde_json::Value;

use crate::choices;
use crate::domain::case::TestCase;
use crate::domain::compare_rules::CompareRules;
use crate::domain::identity::ModelRef;
use crate::domain::model_role::ModelRole;
use crate::domain::prediction::Inputs;
use crate::domain::project_place::ProjectPlace;

/// The Claude model that judges outputs if none is named.
pub const DEFAULT_JUDGE_MODEL: &str = "claude-sonnet-5";

#[derive(Debug, Clone, PartialEq)]
pub struct ModelPlan {
    /// The name to select it by: the stem of its configuration file, or the name of the model.
    pub name: String,
    /// The configuration file, relative to the repository. `None` for a model without one.
    pub config_file: Option<String>,
    /// The folder that is built. Paths in `cog.yaml` are relative to it.
    pub project: PathBuf,
    /// Where that folder and `cog.yaml` are in the repository.
    pub place: ProjectPlace,
    /// The live model.
    pub model: ModelRef,
    /// Whether that model was named. Otherwise it only stands for one, and Replicate is not asked about it.
    pub is_named: bool,
    /// The private model to stage to and test on. Never equal to `model`.
    pub test_model: ModelRef,
    /// Hardware of the test model, if it is created.
    pub test_hardware: Option<String>,
    /// The official (proxy) model, which receives a second push.
    pub official_model: Option<ModelRef>,
    /// Whether the second push is a different image, built after the tests' key was deleted.
    pub two_pass: bool,
    /// The file of the repository that the README of the live model's page is taken from.
    pub readme: Option<String>,
    /// Checks before a build.
    pub inspect: InspectPlan,
    /// How to build the image.
    pub build: BuildPlan,
    /// Predictions to verify the staged version with.
    pub predict: VerifyPlan,
    /// Trainings to verify the staged version with.
    pub train: Option<TrainPlan>,
    /// Whether to publish a model that passed.
    pub publish: PublishMode,
    /// Whether a model that is already live is tested and published again.
    pub always: bool,
    /// What is refused unless it is asked for.
    pub allow: Allowances,
    /// The deployment that follows the live model.
    pub deployment: Option<DeploymentPlan>,
    /// Whether one test case is sent through the deployment after a change.
    pub deployment_check: bool,
    /// Number of concurrent predictions, at least 1.
    pub parallel: usize,
    /// Time limits of predictions.
    pub limits: Limits,
}

/// Whether to publish a model that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishMode {
    /// Push to the live model and update its deployment.
    Publish,
    TestOnly,
    /// Stop after verification, because the event that started the run allows no more.
    NotOnThisEvent,
    /// Do nothing: a push to the official model was asked for, and there is none.
    NoOfficialModel,
    /// Two passes are asked for by a file of the repository alone, which may say how the official model is pushed, and not that it is.
    OfficialNotAsked,
}

choices! {
    /// Whether a version that an earlier run tested is published without testing it again.
    #[derive(Default)]
    pub enum PromoteMode {
        /// If nothing has changed since; otherwise everything is done again.
        #[default]
        Auto = "auto",
        /// Everything is done again.
        Never = "never",
        /// Nothing else is published.
        Require = "require",
    }
}

/// What is refused unless it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowances {
    /// Replace a version that the outputs were not compared with.
    pub moved_live: bool,
    /// Stage to a public test model.
    pub public_test_model: bool,
}

/// Checks before a build.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InspectPlan {
    /// Report incompatible schemas as warnings.
    pub ignore_schema_compatibility: bool,
    /// Rules whose findings do not affect the verdict. Reports list them as ignored.
    pub ignore: Vec<RuleCode>,
    /// Severities that differ from those of the rules.
    pub severities: Vec<(RuleCode, Severity)>,
    /// Skip Ruff.
    pub no_lint: bool,
    /// Refuse a model that cannot be compared with a live version.
    pub require_live: bool,
    /// Fail if Ruff is not installed.
    pub require_lint: bool,
    /// Where hardware is written.
    pub hardware_places: HardwarePlaces,
    /// Where the live model is written, if in a file.
    pub model_place: Option<Location>,
}

/// Where hardware is written, as far as it is written in a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HardwarePlaces {
    /// `test_hardware`.
    pub test: Option<Location>,
    /// `train.destination_hardware`.
    pub destination: Option<Location>,
    /// `deployment.hardware`.
    pub deployment: Option<Location>,
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

choices! {
    /// Whether versions that were built before get a new source in place of a build.
    #[derive(Default)]
    pub enum GraftMode {
        /// Where the layers below the source are those that a build would make.
        #[default]
        Auto = "auto",
        /// Always build.
        Never = "never",
    }
}

/// How to build the image.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BuildPlan {
    /// The program that builds it.
    pub builder: Builder,
    /// The Cog CLI, if it is not the one on `PATH`.
    pub cog_binary: Option<PathBuf>,
    /// The Cog version, as in `0.16.12`, `v0.22.0` or `latest`. `None` for that of `cog.yaml`, else the newest.
    pub cog_version: Option<String>,
    /// A Dockerfile in the project, relative to it.
    pub dockerfile: Option<PathBuf>,
    /// Whether to start from a `cog-base` image: `None` if one exists, `Some(true)` always, `Some(false)` never.
    pub use_cog_base_image: Option<bool>,
    /// Put weights in a layer of their own.
    pub separate_weights: bool,
    /// Strip debug symbols from Python libraries.
    pub strip: bool,
    /// Compile Python files to bytecode.
    pub precompile: bool,
    /// Build secrets as `id=…,src=…|env=…`.
    pub secrets: Vec<String>,
    /// Whether the checkout names them rather than the user: then their files have to be inside it.
    pub secrets_of_checkout: bool,
    /// Ignore cached build steps.
    pub no_cache: bool,
    /// Whether a version that was built before may get a new source.
    pub graft: GraftMode,
    /// How many days old the full build of such a version may be; 0 for never.
    pub graft_days: u64,
    /// An existing image to use instead of building one.
    pub image: Option<String>,
    /// Paths that never become part of the image, because the reports of an earlier run would change it. Absolute, or relative to the
    /// working directory.
    pub unsent: Vec<PathBuf>,
}

/// Time limits of predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of a prediction from its creation to `started_at`: queue, image pull and `setup()`.
    pub startup: Duration,
    /// Of a prediction from `started_at` to its end.
    pub predict: Duration,
    /// Of a training from `started_at` to its end.
    pub train: Duration,
    /// Of all predictions of a run together, in seconds of run time.
    pub max_predict_seconds: Option<u64>,
    /// Of one output file that is decoded. Larger files are compared by size and hash.
    pub decoded_file_bytes: u64,
    /// Of one output file that is downloaded.
    pub output_file_bytes: u64,
}

/// The unit of limits of sizes in settings.
pub const MEBIBYTE: u64 = 1024 * 1024;

impl Limits {
    /// The limits of a run that sets none.
    pub const DEFAULT: Self = Self {
        startup: Duration::from_secs(900),
        predict: Duration::from_secs(300),
        // cog-safe-push has one limit for predictions and trainings.
        train: Duration::from_secs(300),
        max_predict_seconds: None,
        decoded_file_bytes: 64 * MEBIBYTE,
        output_file_bytes: 8192 * MEBIBYTE,
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

/// Predictions to verify a staged version with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VerifyPlan {
    /// Test cases, in the order they were written.
    pub cases: Vec<TestCase>,
    /// Cases to compare with the live version.
    pub compare: Comparison,
    /// Fuzz inputs; `None` if there are none.
    pub fuzz: Option<FuzzPlan>,
    /// Stop at the first failure and cancel what is running.
    pub fail_fast: bool,
    /// How to treat an unhealthy output.
    pub health: HealthMode,
    /// The Claude model of the judge; `None` for [`DEFAULT_JUDGE_MODEL`].
    pub judge_model: Option<String>,
    /// How much outputs may differ from those of the live version.
    pub compare_rules: CompareRules,
    /// How often paired inputs are run again to measure their time; 0 for only when something looks slower.
    pub benchmark: usize,
    /// Changes against the live version that are errors.
    pub regressions: Regressions,
    /// What the two versions run on.
    pub hardware: TestHardware,
}

/// Changes against the live version that are errors, as ratios. `None` leaves them warnings.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Regressions {
    /// Of run times.
    pub predict_time: Option<f64>,
    /// Of the time until the first prediction starts.
    pub boot: Option<f64>,
    /// Of the compressed image.
    pub image_size: Option<f64>,
    /// Of the price of a prediction.
    pub cost: Option<f64>,
}

/// What the two versions of a comparison run on, as SKUs. Replicate's API does not say it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TestHardware {
    /// Of the test model.
    pub tested: Option<String>,
    /// Of the live model, if it is written in the settings.
    pub live: Option<String>,
}

choices! {
    /// How to treat an unhealthy output: one that is blank, silent, empty, or does not fit its schema.
    #[derive(Default)]
    pub enum HealthMode {
        /// Outputs are not checked.
        Off = "off",
        #[default]
        Warn = "warn",
        /// A failed case.
        Fail = "fail",
    }
}

/// Fuzz inputs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FuzzPlan {
    /// Inputs that always have this value.
    pub fixed_inputs: Inputs,
    /// Inputs that are never sent.
    pub disabled_inputs: Vec<String>,
    /// Files for inputs that take one, by input: URLs.
    pub files: BTreeMap<String, Vec<Value>>,
    /// Number of inputs.
    pub iterations: usize,
    /// Instructions for Claude, which invents inputs.
    pub prompt: Option<String>,
    /// The seed of an earlier run, to repeat its inputs; `None` for a fresh one.
    pub seed: Option<u64>,
    /// The location of the section in the configuration.
    pub location: Option<Location>,
    /// The locations of the names of fixed and disabled inputs.
    pub input_places: BTreeMap<String, Location>,
}

/// Trainings to verify a staged version with.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainPlan {
    /// The model that receives trained versions. Created if it does not exist; never equal to the live model.
    pub destination: ModelRef,
    /// Hardware of the destination, if it is created.
    pub destination_hardware: String,
    /// Test cases, in the order they were written.
    pub cases: Vec<TestCase>,
    /// Fuzz inputs.
    pub fuzz: Option<FuzzPlan>,
}

impl VerifyPlan {
    /// Whether a judge decides about any case.
    pub fn asks_judge(&self) -> bool {
        self.cases.iter().any(TestCase::asks_judge)
    }
}

impl ModelPlan {
    /// Whether a judge decides about any prediction or training.
    pub fn asks_judge(&self) -> bool {
        self.predict.asks_judge() || self.train.as_ref().is_some_and(TrainPlan::asks_judge)
    }

    /// The folder of the repository, which findings name files relative to.
    pub fn repository(&self) -> &Path {
        let depth = self.place.context.split('/').filter(|part| !part.is_empty()).count();
        self.project.ancestors().nth(depth).unwrap_or(&self.project)
    }

    /// The models that the plan names.
    pub fn models(&self) -> Vec<(ModelRole, &ModelRef)> {
        let official = self.official_model.as_ref().map(|model| (ModelRole::Official, model));
        let destination = self.train.as_ref().map(|train| (ModelRole::Destination, &train.destination));
        let always = [(ModelRole::Live, &self.model), (ModelRole::Test, &self.test_model)];
        always.into_iter().chain(official).chain(destination).collect()
    }

    /// Two roles of one and the same model.
    pub fn clash(&self) -> Option<(ModelRole, ModelRole, &ModelRef)> {
        let models = self.models();
        models.iter().enumerate().find_map(|(index, (role, model))| {
            let (other, _) = models.iter().take(index).find(|(_, other)| other.is_same(model))?;
            Some((*other, *role, *model))
        })
    }
}

impl TrainPlan {
    /// Whether a judge decides about any training.
    pub fn asks_judge(&self) -> bool {
        self.cases.iter().any(TestCase::asks_judge)
    }

    /// Whether the plan has any training.
    pub fn trains(&self) -> bool {
        !self.cases.is_empty() || self.fuzz.as_ref().is_some_and(|fuzz| fuzz.iterations > 0)
    }
}

/// The deployment that follows the live model. Scaling is only set on creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentPlan {
    /// The owner. Only the account of the token can create it.
    pub owner: String,
    /// The deployment's name.
    pub name: String,
    pub hardware: String,
    /// Instances kept running; `None` leaves the default (CPU 1, GPU 0).
    pub min_instances: Option<u32>,
    /// Instances at most; `None` leaves the default (CPU 20, GPU 2).
    pub max_instances: Option<u32>,
}
