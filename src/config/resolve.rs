//! From settings to one model's plan.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use cog_findings::{Finding, Location};
use repository_files::FileError;
use serde_json::Value;

use crate::config::ConfigError;
use crate::config::git_folder::is_of_git;
use crate::config::input_value;
use crate::config::layers::SettingLayers;
use crate::config::model_file::{DeploymentSection, FuzzSection, ModelFile, PredictSection, TrainSection, fixed_and_disabled};
use crate::config::model_roles::ModelRoles;
use crate::config::repository_file::{FILE, Overrides};
use crate::config::rules;
use crate::config::settings::defaults::{FUZZ_ITERATIONS, HARDWARE};
use crate::config::settings::{Key, Settings};
use crate::config::test_case::is_empty;
use crate::config::tokens::TOKENS;
use crate::domain::case::TestCase;
use crate::domain::identity::ModelRef;
use crate::domain::plan::{
    Allowances, BuildPlan, Comparison, DeploymentPlan, FuzzPlan, HardwarePlaces, InspectPlan, Limits, MEBIBYTE, ModelPlan,
    PublishMode, TestHardware, TrainPlan, VerifyPlan,
};
use crate::domain::prediction::Inputs;
use crate::domain::project_place::ProjectPlace;
use crate::domain::secret_spec::{SecretSource, SecretSpec};
use crate::support::SecretString;

/// Makes the plan of one model.
pub(super) struct Resolver<'a> {
    pub(super) settings: Settings,
    pub(super) layers: &'a SettingLayers,
    pub(super) root: &'a Path,
    /// Where the model's project is.
    pub(super) place: ProjectPlace,
    pub(super) name: &'a str,
    pub(super) model_argument: Option<&'a str>,
    /// Locations of values in `.safe-push.yaml`.
    pub(super) places: &'a BTreeMap<String, Location>,
    pub(super) overrides: Overrides,
    /// Whether the process runs in CI, where an error is better than an overlooked note.
    pub(super) in_ci: bool,
    /// The environment's variables.
    pub(super) environment: &'a BTreeMap<String, String>,
}

/// A plan, unless something made it impossible.
pub(super) struct Resolution {
    pub(super) plan: Option<(ModelPlan, ModelRoles)>,
    pub(super) findings: Vec<Finding>,
}

impl Resolver<'_> {
    pub(super) fn resolve(&self, config: &ModelFile) -> Result<Resolution, ConfigError> {
        let mut findings = Vec::new();
        let Some(model) = self.model(config)? else { return Ok(Resolution { plan: None, findings }) };
        let test_model = self.settings.test_model.clone().unwrap_or_else(|| model.with_suffix("-test"));
        let roles = self.roles(config, &model, &test_model);
        findings.extend(roles.twice());
        self.check_ranges(config, &mut findings);
        findings.extend(self.check_secrets());
        findings.extend(self.check_readme(config));
        let settings = &self.settings;
        let pushes_official_model = settings.push_official_model || settings.two_pass;
        let publish = self.publish(config);
        if publish == PublishMode::NoOfficialModel {
            findings.push(no_official_model(config));
        }
        let plan = ModelPlan {
            name: self.name.to_owned(),
            is_named: true,
            config_file: (!config.file.is_empty()).then(|| config.file.clone()),
            project: if self.place.context.is_empty() { self.root.to_owned() } else { self.root.join(&self.place.context) },
            place: self.place.clone(),
            official_model: config.official_model.clone().filter(|_| pushes_official_model),
            two_pass: settings.two_pass,
            readme: settings.readme.clone(),
            test_hardware: Some(settings.test_hardware.clone()),
            inspect: self.inspect(config),
            build: self.build(),
            predict: self.predict(config, &mut findings)?,
            train: config.train.as_ref().map(|train| {
                let cases = self.with_secrets(&train.test_cases, &mut findings);
                train_plan(train, cases, &test_model, settings.seed)
            }),
            publish,
            always: settings.always,
            allow: Allowances { moved_live: settings.allow_moved_live, public_test_model: settings.allow_public_test_model },
            deployment: config.deployment.as_ref().and_then(|section| deployment(section, &model)),
            deployment_check: settings.deployment_check,
            parallel: usize::try_from(settings.parallel).unwrap_or(usize::MAX),
            limits: self.limits(),
            model,
            test_model,
        };
        Ok(Resolution { plan: Some((plan, roles)), findings })
    }

    fn model(&self, config: &ModelFile) -> Result<Option<ModelRef>, ConfigError> {
        match self.model_argument {
            Some(text) => parse_model("the model", text).map(Some),
            None => Ok(config.model.clone()),
        }
    }

    fn roles(&self, config: &ModelFile, model: &ModelRef, test_model: &ModelRef) -> ModelRoles {
        let live_source = self.model_argument.map(|_| "the model on the command line".to_owned());
        let test_source = self.layers.source_of(Key::test_model).filter(|source| *source != config.file);
        ModelRoles::new(self.name, config, (model.clone(), live_source), (test_model.clone(), test_source))
    }

    /// Two passes without an official model are a mistake of their own, which is reported before a build.
    fn publish(&self, config: &ModelFile) -> PublishMode {
        let settings = &self.settings;
        if settings.test_only {
            PublishMode::TestOnly
        } else if settings.two_pass && !settings.push_official_model && self.is_of_repository(Key::two_pass) {
            PublishMode::OfficialNotAsked
        } else if settings.push_official_model && !settings.two_pass && config.official_model.is_none() {
            PublishMode::NoOfficialModel
        } else {
            PublishMode::Publish
        }
    }

    /// Whether a setting's value is from a file of the repository.
    fn is_of_repository(&self, key: Key) -> bool {
        self.layers.source_of(key).is_some_and(|source| source.starts_with(FILE))
    }

    /// Where hardware is written. A default has no place.
    fn hardware_places(&self, config: &ModelFile) -> HardwarePlaces {
        let place = |key: &str| config.places.get(key).cloned();
        HardwarePlaces {
            test: self.place_of(Key::test_hardware, config),
            destination: place("train.destination_hardware"),
            deployment: place("deployment.hardware"),
        }
    }

    /// Where a setting is written, when it is written in a file.
    fn place_of(&self, key: Key, config: &ModelFile) -> Option<Location> {
        let source = self.layers.source_of(key)?;
        let setting = key.setting();
        if source == config.file {
            return config.places.get(setting.model_key?).cloned();
        }
        if source == FILE {
            return self.places.get(setting.name).cloned();
        }
        source.starts_with(FILE).then(|| self.places.get(&format!("models.{}.{}", self.name, setting.name)).cloned()).flatten()
    }

    fn check_ranges(&self, config: &ModelFile, findings: &mut Vec<Finding>) {
        for (key, number, range) in self.layers.out_of_range() {
            let (name, least, most) = (key.setting().name, range.start(), range.end());
            let mut finding = Finding::new(&rules::OUT_OF_RANGE, format!("{name} is {number}, not {least} to {most}"));
            if let Some(source) = self.layers.source_of(key) {
                finding = finding.detail("set by", source);
            }
            findings.push(match self.place_of(key, config) {
                Some(place) => finding.at(place),
                None => finding,
            });
        }
    }

    /// Sources of build secrets that nobody allowed. A malformed secret is reported when the build is prepared.
    fn check_secrets(&self) -> Vec<Finding> {
        let specs = self.settings.docker_secrets.iter().enumerate();
        let specs = specs.filter_map(|(index, text)| Some((index, SecretSpec::parse(text).ok()?)));
        let found = specs.filter_map(|(index, spec)| Some((index, self.problem_of_secret(spec)?)));
        found
            .map(|(index, finding)| match self.place_of_secret(index) {
                Some(place) => finding.at(place.clone()),
                None => finding,
            })
            .collect()
    }

    /// The file becomes public. A missing one is reported when it is needed, because a script may still write it.
    fn check_readme(&self, config: &ModelFile) -> Option<Finding> {
        let path = Path::new(self.settings.readme.as_deref()?);
        let problem = match is_of_git(self.root, path) {
            true => "it is a file of git's own, which may hold a token".to_owned(),
            false => outside(self.root, path)?.to_string(),
        };
        let finding =
            Finding::new(&rules::OUTSIDE, format!("readme cannot be used: {problem}")).hint("name a file of the repository");
        Some(match self.place_of(Key::readme, config) {
            Some(place) => finding.at(place),
            None => finding,
        })
    }

    /// Where a build secret is written, when the checkout names it.
    fn place_of_secret(&self, index: usize) -> Option<&Location> {
        let source = self.layers.source_of(Key::docker_secrets).filter(|source| source.starts_with(FILE))?;
        let section = if source == FILE { String::new() } else { format!("models.{}.", self.name) };
        self.places.get(&format!("{section}{}[{index}]", Key::docker_secrets.setting().name))
    }

    fn problem_of_secret(&self, SecretSpec { id, source }: SecretSpec) -> Option<Finding> {
        let by_checkout = self.is_of_repository(Key::docker_secrets);
        let is_allowed = |name: &String| self.settings.secret_variables.contains(name);
        match source {
            SecretSource::Variable(name) if is_own_secret(&name, by_checkout) => Some(
                Finding::new(
                    &rules::SECRET_SOURCE,
                    format!("the build secret '{id}' is {name}, which is a token of safe-push's own"),
                )
                .hint("make a token for the build, and give it in a variable of its own"),
            ),
            SecretSource::Variable(name) if by_checkout && !is_allowed(&name) => Some(
                Finding::new(&rules::SECRET_SOURCE, format!("the build secret '{id}' is taken from {name}, which is not allowed"))
                    .hint(format!("allow it with --secret-variable {name}")),
            ),
            SecretSource::File(path) if by_checkout && is_of_git(self.root, &path) => Some(
                Finding::new(
                    &rules::SECRET_SOURCE,
                    format!("the build secret '{id}' is a file of git's own, which may hold a token"),
                )
                .hint("name another file of the repository"),
            ),
            SecretSource::File(path) if by_checkout => outside(self.root, &path).map(|problem| {
                Finding::new(&rules::OUTSIDE, format!("the build secret '{id}' is taken from a file: {problem}"))
                    .hint("name a file of the repository, or name the secret with --secret")
            }),
            SecretSource::Variable(_) | SecretSource::File(_) => None,
        }
    }

    fn inspect(&self, config: &ModelFile) -> InspectPlan {
        InspectPlan {
            ignore_schema_compatibility: self.settings.ignore_schema_checks,
            ignore: self.overrides.ignore.clone(),
            severities: self.overrides.severities.clone(),
            no_lint: self.settings.no_lint,
            require_live: self.settings.require_live,
            require_lint: self.settings.require_lint || self.in_ci,
            hardware_places: self.hardware_places(config),
            model_place: self.model_argument.is_none().then(|| config.places.get("model").cloned()).flatten(),
        }
    }

    fn build(&self) -> BuildPlan {
        let settings = &self.settings;
        BuildPlan {
            builder: settings.builder,
            cog_binary: settings.cog_binary.clone(),
            cog_version: settings.cog_version.clone(),
            dockerfile: settings.dockerfile.clone(),
            use_cog_base_image: settings.no_cog_base_image.then_some(false),
            separate_weights: settings.separate_weights,
            strip: settings.strip,
            precompile: settings.precompile,
            secrets: settings.docker_secrets.clone(),
            secrets_of_checkout: self.is_of_repository(Key::docker_secrets),
            no_cache: settings.no_cache,
            graft: settings.graft,
            graft_days: settings.graft_days,
            image: settings.image.clone(),
            unsent: vec![settings.report_dir.clone()],
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            startup: Duration::from_secs(self.settings.startup_timeout),
            predict: Duration::from_secs(self.settings.predict_timeout),
            train: Duration::from_secs(self.settings.train_timeout),
            max_predict_seconds: self.settings.max_predict_seconds,
            decoded_file_bytes: self.settings.max_decoded_mb * MEBIBYTE,
            output_file_bytes: self.settings.max_output_mb * MEBIBYTE,
        }
    }

    fn predict(&self, config: &ModelFile, findings: &mut Vec<Finding>) -> Result<VerifyPlan, ConfigError> {
        let settings = &self.settings;
        // Without the section, only flags ask for something.
        let nothing = PredictSection::default();
        let section = config.predict.as_ref().unwrap_or(&nothing);
        let by_flag = self.layers.source_of(Key::compare).is_some_and(|source| source.starts_with("--"));
        let compares = settings.compare_outputs && (config.predict.is_some() || by_flag);
        Ok(VerifyPlan {
            cases: match &settings.test_cases {
                Some(written) => written.iter().map(|text| self.test_case(text)).collect::<Result<_, _>>()?,
                None => self.with_secrets(&section.test_cases, findings),
            },
            compare: if compares { settings.compare } else { Comparison::Off },
            fuzz: self.fuzz(config, findings)?,
            fail_fast: settings.fail_fast,
            health: settings.health,
            judge_model: settings.judge_model.clone(),
            compare_rules: self.overrides.compare.clone(),
            benchmark: usize::try_from(settings.benchmark).unwrap_or(usize::MAX),
            regressions: self.overrides.regressions,
            hardware: TestHardware { tested: Some(settings.test_hardware.clone()), live: settings.live_hardware.clone() },
        })
    }

    /// Test cases with the variables that they name as `$(env.NAME)`: only those that the workflow allows.
    fn with_secrets(&self, cases: &[TestCase], findings: &mut Vec<Finding>) -> Vec<TestCase> {
        let mut cases = cases.to_vec();
        for case in &mut cases {
            let named: Vec<(String, String)> =
                case.inputs.iter().filter_map(|(input, value)| Some((input.clone(), variable_in(value)?.to_owned()))).collect();
            for (input, name) in named {
                match self.secret_of_case(&input, &name) {
                    Ok(value) => {
                        case.inputs.remove(&input);
                        case.secrets.push((input, value));
                    }
                    // A case that does not run sends nothing.
                    Err(_) if case.skip.is_some() => {}
                    Err(finding) => findings.push(match &case.location {
                        Some(place) => finding.at(place.input(&input).clone()),
                        None => *finding,
                    }),
                }
            }
        }
        cases
    }

    fn secret_of_case(&self, input: &str, name: &str) -> Result<SecretString, Box<Finding>> {
        let refused =
            |why: String| Finding::new(&rules::CASE_SECRET, format!("the input '{input}' of a test case is {name}, which {why}"));
        if is_own_secret(name, true) {
            let hint = "make a token for the model, in a variable of its own";
            return Err(Box::new(refused("is a token of safe-push's own".to_owned()).hint(hint)));
        }
        if !self.settings.secret_variables.iter().any(|allowed| allowed == name) {
            let hint = format!("allow it with --secret-variable {name}");
            return Err(Box::new(refused("is not allowed".to_owned()).hint(hint)));
        }
        match self.environment.get(name).filter(|value| !value.is_empty()) {
            Some(value) => Ok(SecretString::from(value.as_str())),
            None => Err(Box::new(refused("is not set".to_owned()).hint("set it in the environment of the step"))),
        }
    }

    fn test_case(&self, text: &str) -> Result<TestCase, ConfigError> {
        let case = input_value::test_case(text).map_err(|problem| self.bad_inputs(Key::test_cases, text, problem))?;
        if is_empty(&case.expectation) {
            let problem = format!("nothing follows the operator, so {} would accept everything", case.expectation.key());
            return Err(self.bad_inputs(Key::test_cases, text, problem));
        }
        Ok(case)
    }

    fn bad_inputs(&self, key: Key, text: &str, problem: String) -> ConfigError {
        ConfigError::BadSetting {
            source_name: self.layers.source_of(key).unwrap_or_else(|| key.setting().name.to_owned()),
            value: text.to_owned(),
            problem,
            hint: Some("write 'key=value;key=value'".to_owned()),
        }
    }

    /// The source of a setting, or the file that says the same in another way.
    fn source_or_file(&self, config: &ModelFile, key: Key) -> String {
        self.layers.source_of(key).unwrap_or_else(|| config.file.clone())
    }

    /// Fuzz inputs are wanted where the file has the section, or another layer sets their number.
    fn fuzz(&self, config: &ModelFile, findings: &mut Vec<Finding>) -> Result<Option<FuzzPlan>, ConfigError> {
        let section = config.predict.as_ref().and_then(|predict| predict.fuzz.as_ref());
        let settings = &self.settings;
        let section = match section {
            Some(section) => section.clone(),
            None if self.layers.source_of(Key::fuzz_iterations).is_some() => FuzzSection::default(),
            None => return Ok(None),
        };
        let fixed_inputs: Inputs = match &settings.fuzz_fixed_inputs {
            Some(text) => input_value::inputs(text).map_err(|problem| self.bad_inputs(Key::fuzz_fixed_inputs, text, problem))?,
            None => section.fixed_inputs,
        };
        let disabled_inputs = match &settings.fuzz_disabled_inputs {
            Some(text) => text.split(';').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            None => section.disabled_inputs,
        };
        // A file by itself was checked when it was read.
        let by_flags = settings.fuzz_fixed_inputs.is_some() || settings.fuzz_disabled_inputs.is_some();
        for name in disabled_inputs.iter().filter(|name| by_flags && fixed_inputs.contains_key(*name)) {
            let finding = fixed_and_disabled(name)
                .detail("fixed by", self.source_or_file(config, Key::fuzz_fixed_inputs))
                .detail("disabled by", self.source_or_file(config, Key::fuzz_disabled_inputs));
            findings.push(match &section.location {
                Some(place) => finding.at(place.clone()),
                None => finding,
            });
        }
        let iterations = settings.fuzz_iterations;
        Ok((iterations > 0).then(|| FuzzPlan {
            fixed_inputs,
            disabled_inputs,
            files: section.files,
            iterations: usize::try_from(iterations).unwrap_or(usize::MAX),
            prompt: settings.fuzz_prompt.clone(),
            seed: settings.seed,
            location: section.location,
            input_places: section.input_places,
        }))
    }
}

/// The variable in a value that is written as `$(env.NAME)`.
fn variable_in(value: &Value) -> Option<&str> {
    let name = value.as_str()?.trim().strip_prefix("$(env.")?.strip_suffix(')')?;
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(name)
}

/// Whether a variable carries a token that no build may get. GitHub's own token is one only if the checkout names it.
fn is_own_secret(name: &str, by_checkout: bool) -> bool {
    let mut tokens = TOKENS.iter().filter(|token| by_checkout || token.variable != "GITHUB_TOKEN");
    tokens.any(|token| token.is_called(name)) || by_checkout && ["INPUT_", "ACTIONS_"].iter().any(|own| name.starts_with(own))
}

/// Why a file is outside of the repository; `None` for one inside, and for a missing one, which is reported when it is needed.
fn outside(root: &Path, path: &Path) -> Option<FileError> {
    repository_files::open(root, path).err().filter(|error| !error.is_missing())
}

fn no_official_model(config: &ModelFile) -> Finding {
    let message = "a push to the official model was asked for, but no official_model is configured, so the model is skipped";
    let finding = Finding::new(&rules::NO_OFFICIAL_MODEL, message)
        .hint("add `official_model: OWNER/NAME` to the configuration, or leave out push_official_model");
    match config.places.get("model") {
        Some(place) => finding.at(place.clone()),
        None => finding,
    }
}

pub(super) fn parse_model(source_name: &str, text: &str) -> Result<ModelRef, ConfigError> {
    text.parse().map_err(|_no_model| ConfigError::BadSetting {
        source_name: source_name.to_owned(),
        value: text.to_owned(),
        problem: "it is not OWNER/NAME".to_owned(),
        hint: Some("write its owner and its name, as in acme/hotdog".to_owned()),
    })
}

fn train_plan(section: &TrainSection, cases: Vec<TestCase>, test_model: &ModelRef, seed: Option<u64>) -> TrainPlan {
    TrainPlan {
        destination: section.destination_of(test_model),
        destination_hardware: section.destination_hardware.clone().unwrap_or_else(|| HARDWARE.to_owned()),
        cases,
        fuzz: section.fuzz.as_ref().map(|fuzz| FuzzPlan {
            fixed_inputs: fuzz.fixed_inputs.clone(),
            disabled_inputs: fuzz.disabled_inputs.clone(),
            files: fuzz.files.clone(),
            iterations: usize::try_from(fuzz.iterations.unwrap_or(FUZZ_ITERATIONS)).unwrap_or(usize::MAX),
            prompt: fuzz.prompt.clone(),
            seed,
            location: fuzz.location.clone(),
            input_places: fuzz.input_places.clone(),
        }),
    }
}

fn deployment(section: &DeploymentSection, model: &ModelRef) -> Option<DeploymentPlan> {
    Some(DeploymentPlan {
        owner: section.owner.clone().unwrap_or_else(|| model.owner().to_owned()),
        name: section.name.clone()?,
        hardware: section.hardware.clone().unwrap_or_else(|| HARDWARE.to_owned()),
        min_instances: None,
        max_instances: None,
    })
}
