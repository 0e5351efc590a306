//! From what all layers say to one model's plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cog_findings::{Finding, Location};

use crate::config::ConfigError;
use crate::config::input_value;
use crate::config::layers::{Effective, Layers};
use crate::config::peer::{DeploymentSection, FuzzSection, PeerConfig, PredictSection, TrainSection, fixed_and_disabled, is_empty};
use crate::config::place::REPORT_DIR;
use crate::config::repository::{FILE, Overrides};
use crate::config::rules;
use crate::domain::case::TestCase;
use crate::domain::identity::ModelRef;
use crate::domain::plan::{
    BuildPlan, Builder, Comparison, DeploymentPlan, FuzzPlan, HealthMode, InspectPlan, Limits, ModelPlan, PublishMode, TrainPlan,
    VerifyPlan,
};
use crate::domain::prediction::Inputs;

/// What the peer takes when nothing is said.
const FUZZ_ITERATIONS: u64 = 10;
const PARALLEL: u64 = 4;
const TEST_HARDWARE: &str = "cpu";

/// More predictions at one time than this are a mistake.
const MOST_PARALLEL: u64 = 256;

/// A limit beyond a week is none.
const LONGEST: u64 = 7 * 24 * 3600;

/// Makes one model's plan.
pub(super) struct Resolver<'a> {
    pub(super) effective: Effective,
    pub(super) layers: &'a Layers,
    pub(super) root: &'a Path,
    pub(super) name: &'a str,
    pub(super) model_argument: Option<&'a str>,
    /// Where values of `.safe-push.yaml` stand.
    pub(super) places: &'a BTreeMap<String, Location>,
    pub(super) overrides: Overrides,
}

/// A plan, unless something made it impossible.
pub(super) struct Resolved {
    pub(super) plan: Option<ModelPlan>,
    pub(super) findings: Vec<Finding>,
}

impl Resolver<'_> {
    pub(super) fn resolve(&self, config: &PeerConfig) -> Result<Resolved, ConfigError> {
        let mut findings = Vec::new();
        let Some(model) = self.model(config)? else { return Ok(Resolved { plan: None, findings }) };
        let test_model = match &self.effective.test_model {
            Some(text) => self.model_reference("test_model", text)?,
            None => model.with_suffix("-test"),
        };
        if test_model == model {
            findings.push(self.same_model(config, &model));
        }
        self.check_ranges(config, &mut findings);
        let effective = &self.effective;
        let plan = ModelPlan {
            name: self.name.to_owned(),
            config_file: (!config.file.is_empty()).then(|| config.file.clone()),
            project: self.root.to_owned(),
            official_model: config.official_model.clone().filter(|_| effective.pushes_official_model()),
            two_pass: effective.two_pass == Some(true),
            test_hardware: Some(effective.test_hardware.clone().unwrap_or_else(|| TEST_HARDWARE.to_owned())),
            inspect: self.inspect(),
            build: self.build(),
            predict: self.predict(config, &mut findings)?,
            train: config.train.as_ref().map(|train| train_plan(train, &test_model, effective.seed)),
            publish: if effective.test_only == Some(true) { PublishMode::TestOnly } else { PublishMode::Publish },
            deployment: config.deployment.as_ref().and_then(|section| deployment(section, &model)),
            parallel: usize::try_from(effective.parallel.unwrap_or(PARALLEL)).unwrap_or(usize::MAX),
            limits: self.limits(),
            model,
            test_model,
        };
        Ok(Resolved { plan: Some(plan), findings })
    }

    fn model(&self, config: &PeerConfig) -> Result<Option<ModelRef>, ConfigError> {
        match self.model_argument {
            Some(text) => parse_model("the model", text).map(Some),
            None => Ok(config.model.clone()),
        }
    }

    fn model_reference(&self, setting: &str, text: &str) -> Result<ModelRef, ConfigError> {
        parse_model(&self.layers.source_of(setting), text)
    }

    fn same_model(&self, config: &PeerConfig, model: &ModelRef) -> Finding {
        let finding = Finding::new(&rules::SAME_MODEL, format!("{model} is both the live and the test model"))
            .hint("give the test model another name, or leave test_model out");
        let place = ["test_model", "model"].iter().find_map(|key| config.places.get(*key));
        match place {
            Some(place) => finding.at(place.clone()),
            None => finding,
        }
    }

    /// Where a setting's value stands, when it stands in a file.
    fn place_of(&self, setting: &str, config: &PeerConfig) -> Option<Location> {
        let source = self.layers.source_of(setting);
        if source == config.file {
            let path = match setting {
                "predict_timeout" => "predict.predict_timeout",
                "train_timeout" => "train.train_timeout",
                "fuzz_iterations" => "predict.fuzz.iterations",
                "fuzz_prompt" => "predict.fuzz.prompt",
                other => other,
            };
            return config.places.get(path).cloned();
        }
        if source == FILE {
            return self.places.get(setting).cloned();
        }
        source.starts_with(FILE).then(|| self.places.get(&format!("models.{}.{setting}", self.name)).cloned()).flatten()
    }

    fn check_ranges(&self, config: &PeerConfig, findings: &mut Vec<Finding>) {
        let effective = &self.effective;
        let checks = [
            ("parallel", effective.parallel, 1, MOST_PARALLEL),
            ("predict_timeout", effective.predict_timeout, 1, LONGEST),
            ("startup_timeout", effective.startup_timeout, 1, LONGEST),
            ("train_timeout", effective.train_timeout, 1, LONGEST),
            ("max_predict_seconds", effective.max_predict_seconds, 1, LONGEST),
            ("fuzz_iterations", effective.fuzz_iterations, 0, 10_000),
        ];
        for (name, value, least, most) in checks {
            let Some(value) = value.filter(|value| !(least..=most).contains(value)) else { continue };
            let finding = Finding::new(&rules::OUT_OF_RANGE, format!("{name} is {value}, not {least} to {most}"))
                .detail("set by", self.layers.source_of(name));
            findings.push(match self.place_of(name, config) {
                Some(place) => finding.at(place),
                None => finding,
            });
        }
    }

    fn inspect(&self) -> InspectPlan {
        InspectPlan {
            ignore_schema_compatibility: self.effective.ignore_schema_checks.unwrap_or_default(),
            ignore: self.overrides.ignore.clone(),
            severities: self.overrides.severities.clone(),
            no_lint: self.effective.no_lint.unwrap_or_default(),
        }
    }

    fn build(&self) -> BuildPlan {
        let effective = &self.effective;
        BuildPlan {
            builder: if effective.builder.as_deref() == Some("cog") { Builder::Cog } else { Builder::Native },
            cog_binary: effective.cog_binary.clone().map(PathBuf::from),
            cog_version: effective.cog_version.clone(),
            dockerfile: effective.dockerfile.clone().map(PathBuf::from),
            use_cog_base_image: effective.no_cog_base_image.filter(|without| *without).map(|without| !without),
            separate_weights: effective.separate_weights.unwrap_or_default(),
            strip: effective.strip.unwrap_or_default(),
            precompile: effective.precompile.unwrap_or_default(),
            secrets: effective.docker_secrets.clone(),
            no_cache: effective.no_cache.unwrap_or_default(),
            image: effective.image.clone(),
            unsent: vec![effective.report_dir.as_deref().unwrap_or(REPORT_DIR).into()],
        }
    }

    fn limits(&self) -> Limits {
        let defaults = Limits::default();
        let seconds = |value: Option<u64>, default: Duration| value.map_or(default, Duration::from_secs);
        Limits {
            startup: seconds(self.effective.startup_timeout, defaults.startup),
            predict: seconds(self.effective.predict_timeout, defaults.predict),
            train: seconds(self.effective.train_timeout, defaults.train),
            max_predict_seconds: self.effective.max_predict_seconds,
        }
    }

    fn predict(&self, config: &PeerConfig, findings: &mut Vec<Finding>) -> Result<VerifyPlan, ConfigError> {
        let effective = &self.effective;
        // Without the section nothing is asked but what flags ask for.
        let nothing = PredictSection::default();
        let section = config.predict.as_ref().unwrap_or(&nothing);
        let is_comparison_wanted = config.predict.is_some() || self.layers.source_of("compare").starts_with("--");
        Ok(VerifyPlan {
            cases: match &effective.test_cases {
                Some(written) => written.iter().map(|text| self.test_case(text)).collect::<Result<_, _>>()?,
                None => section.test_cases.clone(),
            },
            compare: match (effective.compare_outputs, effective.compare.as_deref()) {
                (Some(false), _) | (_, Some("off")) => Comparison::Off,
                _ if !is_comparison_wanted => Comparison::Off,
                (_, Some("all")) => Comparison::All,
                _ => Comparison::First,
            },
            fuzz: self.fuzz(config, findings)?,
            fail_fast: effective.fail_fast.unwrap_or_default(),
            health: match effective.health.as_deref() {
                Some("off") => HealthMode::Off,
                Some("fail") => HealthMode::Fail,
                _ => HealthMode::Warn,
            },
            judge_model: effective.judge_model.clone(),
        })
    }

    fn test_case(&self, text: &str) -> Result<TestCase, ConfigError> {
        let case = input_value::test_case(text).map_err(|problem| self.bad_inputs("test_cases", text, problem))?;
        if is_empty(&case.expectation) {
            let problem = format!("there is nothing behind the operator, so {} would judge nothing", case.expectation.key());
            return Err(self.bad_inputs("test_cases", text, problem));
        }
        Ok(case)
    }

    fn bad_inputs(&self, setting: &str, text: &str, problem: String) -> ConfigError {
        ConfigError::BadSetting {
            source_name: self.layers.source_of(setting),
            value: text.to_owned(),
            problem,
            hint: Some("write 'key=value;key=value'".to_owned()),
        }
    }

    /// Who set a setting, or the file that holds it in its own words.
    fn source_or(&self, config: &PeerConfig, setting: &str) -> String {
        match self.layers.source_of(setting) {
            unset if unset == setting => config.file.clone(),
            source => source,
        }
    }

    /// Made inputs are wanted where the file has the section, or a flag asks for a number of them.
    fn fuzz(&self, config: &PeerConfig, findings: &mut Vec<Finding>) -> Result<Option<FuzzPlan>, ConfigError> {
        let section = config.predict.as_ref().and_then(|predict| predict.fuzz.as_ref());
        let effective = &self.effective;
        let section = match (section, effective.fuzz_iterations) {
            (Some(section), _) => section.clone(),
            (None, Some(_)) => FuzzSection::default(),
            (None, None) => return Ok(None),
        };
        let fixed_inputs: Inputs = match &effective.fuzz_fixed_inputs {
            Some(text) => input_value::inputs(text).map_err(|problem| self.bad_inputs("fuzz_fixed_inputs", text, problem))?,
            None => section.fixed_inputs,
        };
        let disabled_inputs = match &effective.fuzz_disabled_inputs {
            Some(text) => text.split(';').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            None => section.disabled_inputs,
        };
        // What a file says by itself was looked at when it was read.
        let by_flags = effective.fuzz_fixed_inputs.is_some() || effective.fuzz_disabled_inputs.is_some();
        for name in disabled_inputs.iter().filter(|name| by_flags && fixed_inputs.contains_key(*name)) {
            let finding = fixed_and_disabled(name)
                .detail("fixed by", self.source_or(config, "fuzz_fixed_inputs"))
                .detail("disabled by", self.source_or(config, "fuzz_disabled_inputs"));
            findings.push(match &section.location {
                Some(place) => finding.at(place.clone()),
                None => finding,
            });
        }
        let iterations = effective.fuzz_iterations.unwrap_or(FUZZ_ITERATIONS);
        Ok((iterations > 0).then(|| FuzzPlan {
            fixed_inputs,
            disabled_inputs,
            iterations: usize::try_from(iterations).unwrap_or(usize::MAX),
            prompt: effective.fuzz_prompt.clone(),
            seed: effective.seed,
            location: section.location,
        }))
    }
}

fn parse_model(source_name: &str, text: &str) -> Result<ModelRef, ConfigError> {
    text.parse().map_err(|_no_model| ConfigError::BadSetting {
        source_name: source_name.to_owned(),
        value: text.to_owned(),
        problem: "it is not OWNER/NAME".to_owned(),
        hint: Some("write the two parts of its address, as in acme/hotdog".to_owned()),
    })
}

fn train_plan(section: &TrainSection, test_model: &ModelRef, seed: Option<u64>) -> TrainPlan {
    TrainPlan {
        destination: section.destination.clone().unwrap_or_else(|| test_model.with_suffix("-dest")),
        destination_hardware: section.destination_hardware.clone().unwrap_or_else(|| TEST_HARDWARE.to_owned()),
        cases: section.test_cases.clone(),
        fuzz: section.fuzz.as_ref().map(|fuzz| FuzzPlan {
            fixed_inputs: fuzz.fixed_inputs.clone(),
            disabled_inputs: fuzz.disabled_inputs.clone(),
            iterations: usize::try_from(fuzz.iterations.unwrap_or(FUZZ_ITERATIONS)).unwrap_or(usize::MAX),
            prompt: fuzz.prompt.clone(),
            seed,
            location: fuzz.location.clone(),
        }),
    }
}

fn deployment(section: &DeploymentSection, model: &ModelRef) -> Option<DeploymentPlan> {
    Some(DeploymentPlan {
        owner: section.owner.clone().unwrap_or_else(|| model.owner().to_owned()),
        name: section.name.clone()?,
        hardware: section.hardware.clone().unwrap_or_else(|| TEST_HARDWARE.to_owned()),
        min_instances: None,
        max_instances: None,
    })
}
