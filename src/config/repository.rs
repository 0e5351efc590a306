//! A repository: its settings, and the plan of each of its models.

use std::io;
use std::path::{Component, Path, PathBuf};

use cog_findings::text::nearest;
use cog_findings::{Finding, Location};
use figment::value::Dict;

use crate::config::files::{Chosen, ConfigFiles, DEFAULT_CONFIG, read_text};
use crate::config::layers::{Layer, Layers};
use crate::config::loaded::LoadedModel;
use crate::config::model_file::{self, ModelFile};
use crate::config::model_roles::ModelRoles;
use crate::config::names;
use crate::config::repository_file::{self, FILE, Overrides, RepositoryFile};
use crate::config::resolve::{Resolution, Resolver};
use crate::config::settings::defaults::REGISTRY;
use crate::config::settings::{Key, PartialSettings, Settings};
use crate::config::sources::{Flags, ModelPaths, RunSettings, Sources};
use crate::config::tokens::Tokens;
use crate::config::{ConfigError, rules};
use crate::domain::identity::ModelRef;
use crate::domain::model_name::ModelName;

/// A repository, with the settings of all of it.
pub(super) struct Repository {
    pub(super) root: PathBuf,
    file: RepositoryFile,
    settings: Settings,
    pub(super) findings: Vec<Finding>,
}

impl Repository {
    pub(super) fn open(sources: &Sources) -> Result<Self, ConfigError> {
        let outer = outer_layers(Layers::new(), sources)?.settings()?;
        let root = match &outer.working_directory {
            Some(folder) => sources.repository.join(folder),
            None => sources.repository.clone(),
        };
        let (file, findings) = match read(&root, FILE) {
            Ok(Some(text)) => repository_file::parse(&text, FILE),
            Ok(None) => (RepositoryFile::default(), Vec::new()),
            Err(source) => return Err(ConfigError::Unreadable { path: FILE.to_owned(), source }),
        };
        let layers = Layers::new().add(Layer::new(FILE, file.all.values.clone()));
        let layers = outer_layers(layers, sources)?;
        let mut settings = layers.settings()?;
        let mut findings = findings;
        let is_own_word = layers.source_of(Key::report_dir).as_deref() == Some(FILE);
        if is_own_word && leaves(&settings.report_dir) {
            findings.push(report_outside(&settings.report_dir, file.places.get(Key::report_dir.setting().name)));
            settings.report_dir = Settings::from(PartialSettings::default()).report_dir;
        }
        settings.config_dir.truncate(settings.config_dir.trim_end_matches('/').len());
        let findings = findings.into_iter().chain(names::unknown(&sources.environment, sources.action)).collect();
        Ok(Self { root, file, settings, findings })
    }

    pub(super) fn config_dir(&self) -> &str {
        &self.settings.config_dir
    }

    /// The configuration files of this run.
    pub(super) fn chosen(&self, sources: &Sources, files: &ConfigFiles) -> Result<Chosen, ConfigError> {
        if let Some(names) = &sources.selected {
            return files.named(names.iter().map(ModelName::as_str));
        }
        if let Some(file) = &self.settings.config {
            check_one_choice(&sources.flags)?;
            return Ok(Chosen { paths: vec![file.clone()], findings: Vec::new() });
        }
        if let Some(request) = &self.settings.models {
            return files.requested(request);
        }
        if self.root.join(DEFAULT_CONFIG).is_file() {
            return Ok(Chosen { paths: vec![DEFAULT_CONFIG.to_owned()], findings: Vec::new() });
        }
        match sources.model_argument.as_ref().or(sources.verified_model.as_ref()) {
            Some(model) => files.of_model(&self.root, model),
            None if sources.every_model => Ok(files.all()),
            None => files.only(),
        }
    }

    /// Sections of models that do not exist.
    pub(super) fn unknown_sections(&self, known: &[&str]) -> Vec<Finding> {
        let names = self.file.models.keys().filter(|name| !known.contains(&name.as_str()));
        let finding = |name: &String| {
            let finding =
                Finding::new(&rules::UNKNOWN_MODEL_SECTION, format!("'{name}' is not a model, so its section has no effect"));
            let finding = match self.file.places.get(&format!("models.{name}")) {
                Some(place) => finding.at(place.clone()),
                None => finding,
            };
            match nearest(name, known.iter().copied()) {
                Some(near) => finding.hint(format!("did you mean '{near}'?")),
                None => finding.hint("remove the section, or write the model's configuration"),
            }
        };
        names.map(finding).collect()
    }

    /// Findings with the severities that the repository gives them, without those it ignores.
    pub(super) fn adjusted(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let all = &self.file.all;
        let kept = findings.into_iter().filter(|finding| finding.is_error() || !all.ignore.contains(&finding.code));
        let severity =
            |finding: &Finding| all.severities.iter().find(|(code, _)| *code == finding.code).map(|(_, severity)| *severity);
        kept.map(|finding| match severity(&finding) {
            // A mistake stays an error: the settings cannot be used.
            Some(severity) if !finding.is_error() => finding.with_severity(severity),
            _ => finding,
        })
        .collect()
    }

    pub(super) fn model(
        &self,
        sources: &Sources,
        name: &str,
        config: &ModelFile,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<(LoadedModel, ModelRoles)>, ConfigError> {
        let overrides = self.file.of_model(name);
        let layers = Layers::new()
            .add(Layer::new(FILE, self.file.all.values.clone()))
            .add(Layer::new(format!("{FILE} (models.{name})"), overrides.values.clone()))
            .add(Layer::of(config.file.clone(), &settings_of(config)));
        let layers = outer_layers(layers, sources)?;
        let resolver = Resolver {
            settings: layers.settings()?,
            layers: &layers,
            root: &self.root,
            name,
            model_argument: sources.model_argument.as_deref(),
            places: &self.file.places,
            overrides: merged(&self.file.all, &overrides),
        };
        match resolver.resolve(config)? {
            Resolution { plan: Some((plan, roles)), findings: found } => {
                findings.extend(found.iter().filter(|finding| finding.is_error()).cloned());
                Ok(Some((LoadedModel { plan, findings: found }, roles)))
            }
            Resolution { plan: None, findings: found } => {
                findings.extend(found);
                Ok(None)
            }
        }
    }

    /// The plan of a model without a file: fuzz inputs and nothing else, as in cog-safe-push. The model can be the image that `cog.yaml` names.
    pub(super) fn model_without_file(
        &self,
        sources: &Sources,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<(LoadedModel, ModelRoles)>, ConfigError> {
        let named = sources.model_argument.as_ref().or(sources.verified_model.as_ref());
        let text = named.cloned().or_else(|| self.image_model());
        let Some(text) = text else {
            let looked = format!("found neither {DEFAULT_CONFIG} nor files in {}/, and cog.yaml names no image", self.config_dir());
            return Err(ConfigError::NoModel { looked });
        };
        let model: ModelRef = text.parse().map_err(|_no_model| ConfigError::BadSetting {
            source_name: "the model".to_owned(),
            value: text.clone(),
            problem: "it is not OWNER/NAME".to_owned(),
            hint: Some("write its owner and its name, as in acme/hotdog".to_owned()),
        })?;
        let name = model.name().to_owned();
        let fuzz = Some(model_file::FuzzSection::default());
        let predict = Some(model_file::PredictSection { fuzz, ..model_file::PredictSection::default() });
        let config = ModelFile { model: Some(model), predict, ..ModelFile::default() };
        self.model(sources, &name, &config, findings)
    }

    fn image_model(&self) -> Option<String> {
        let text = read(&self.root, "cog.yaml").ok()??;
        let config = cog_source::config::parse(&text, "cog.yaml").config?;
        let image = config.image.or(config.model)?.value;
        let mut parts: Vec<&str> = image.split('/').collect();
        let name = parts.pop()?.split([':', '@']).next()?;
        let owner = parts.pop()?;
        // An image of another registry is not a model on Replicate.
        let host = parts.pop()?;
        (host == REGISTRY && parts.is_empty()).then(|| format!("{owner}/{name}"))
    }

    fn model_paths(&self) -> ModelPaths {
        let models = self.file.models.iter().filter_map(|(name, of_model)| Some((name.clone(), of_model.paths.clone()?)));
        ModelPaths { all: self.file.all.paths.clone(), models: models.collect() }
    }

    pub(super) fn run_settings(&self, sources: &Sources) -> RunSettings {
        RunSettings {
            repository: self.root.clone(),
            paths: self.model_paths(),
            settings: self.settings.clone(),
            tokens: Tokens::find(&sources.environment, sources.action),
        }
    }
}

/// Whether a path written in the repository may end outside of it.
fn leaves(path: &Path) -> bool {
    !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn report_outside(folder: &Path, place: Option<&Location>) -> Finding {
    let message = format!("report_dir is {}, which is outside the repository", folder.display());
    let finding = Finding::new(&rules::OUTSIDE, message).hint("name a folder of the repository, or set --report-dir");
    match place {
        Some(place) => finding.at(place.clone()),
        None => finding,
    }
}

/// A file and names are two answers to one question. Of a flag and a variable, the flag counts.
fn check_one_choice(Flags(flags): &Flags) -> Result<(), ConfigError> {
    match flags.get(&Key::models).and_then(|values| values.last()).filter(|value| !value.is_empty()) {
        Some(models) if flags.contains_key(&Key::config) => Err(ConfigError::BadSetting {
            source_name: "--models".to_owned(),
            value: models.clone(),
            problem: "--config names one configuration already".to_owned(),
            hint: Some("leave one of the two out".to_owned()),
        }),
        _ => Ok(()),
    }
}

/// The layers above all files.
fn outer_layers(layers: Layers, sources: &Sources) -> Result<Layers, ConfigError> {
    let layers = layers.add_variables(&sources.environment)?;
    let layers = if sources.action { layers.add_inputs(&sources.environment)? } else { layers };
    layers.add_flags(&sources.flags)
}

/// What a model's configuration says that other layers can say too.
fn settings_of(config: &ModelFile) -> PartialSettings {
    let predict = config.predict.as_ref();
    let fuzz = predict.and_then(|predict| predict.fuzz.as_ref());
    PartialSettings {
        test_model: config.test_model.clone(),
        test_hardware: config.test_hardware.clone(),
        dockerfile: config.dockerfile.clone().map(PathBuf::from),
        parallel: config.parallel,
        ignore_schema_checks: config.ignore_schema_compatibility,
        no_cog_base_image: config.use_cog_base_image.map(|wanted| !wanted),
        compare_outputs: predict.and_then(|predict| predict.compare_outputs),
        predict_timeout: predict.and_then(|predict| predict.predict_timeout),
        fuzz_iterations: fuzz.and_then(|fuzz| fuzz.iterations),
        fuzz_prompt: fuzz.and_then(|fuzz| fuzz.prompt.clone()),
        train_timeout: config.train.as_ref().and_then(|train| train.train_timeout),
        ..PartialSettings::default()
    }
}

fn merged(all: &Overrides, model: &Overrides) -> Overrides {
    let severities = all.severities.iter().filter(|(code, _)| !model.severities.iter().any(|(other, _)| other == code));
    Overrides {
        values: Dict::new(),
        paths: None,
        ignore: all.ignore.iter().chain(&model.ignore).cloned().collect(),
        severities: severities.chain(&model.severities).cloned().collect(),
    }
}

fn read(root: &Path, path: &str) -> io::Result<Option<String>> {
    match read_text(root, path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
