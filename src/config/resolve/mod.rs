//! From settings to one model's plan.
//!
//! - [`predictions`]: what is predicted
//! - [`named_sources`]: the files and variables that a configuration names

mod named_sources;
mod predictions;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use cog_findings::{Finding, Location};

use self::predictions::train_plan;
use crate::config::ConfigError;
use crate::config::layers::SettingLayers;
use crate::config::model_file::{DeploymentSection, ModelFile};
use crate::config::model_roles::ModelRoles;
use crate::config::repository_file::{FILE, Overrides};
use crate::config::rules;
use crate::config::settings::defaults::HARDWARE;
use crate::config::settings::{Key, Settings};
use crate::domain::identity::ModelRef;
use crate::domain::plan::{
    Allowances, BuildPlan, DeploymentPlan, HardwarePlaces, InspectPlan, Limits, MEBIBYTE, ModelPlan, PublishMode,
};
use crate::domain::project_place::ProjectPlace;

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

fn deployment(section: &DeploymentSection, model: &ModelRef) -> Option<DeploymentPlan> {
    Some(DeploymentPlan {
        owner: section.owner.clone().unwrap_or_else(|| model.owner().to_owned()),
        name: section.name.clone()?,
        hardware: section.hardware.clone().unwrap_or_else(|| HARDWARE.to_owned()),
        min_instances: None,
        max_instances: None,
    })
}
