//! A repository: its settings, and the plan of each of its models.

use std::io;
use std::path::{Component, Path, PathBuf};

use cog_findings::Finding;
use cog_findings::text::{nearest, shorten};
use figment::value::Dict;

use crate::config::choices::VerifyMode;
use crate::config::files::{ConfigFiles, DEFAULT_CONFIG, SelectedFiles, read_text};
use crate::config::folders::{self, Projects};
use crate::config::git_folder::is_of_git;
use crate::config::layers::{SettingLayer, SettingLayers};
use crate::config::loaded::{ConfiguredModel, LoadedModel};
use crate::config::model_file::{self, ModelFile};
use crate::config::model_roles::ModelRoles;
use crate::config::names;
use crate::config::repository_file::{self, FILE, Folders, Overrides, RepositoryFile};
use crate::config::resolve::{Resolution, Resolver, parse_model};
use crate::config::settings::defaults::REGISTRY;
use crate::config::settings::{Key, PartialSettings, Settings};
use crate::config::sources::{Flags, ModelPaths, RunSettings, Sources};
use crate::config::tokens::Tokens;
use crate::config::unread_files;
use crate::config::{ConfigError, rules};
use crate::domain::identity::ModelRef;
use crate::domain::model_name::ModelName;
use crate::domain::plan::Regressions;
use crate::domain::project_place::ProjectPlace;

/// A repository, with the settings of all of it.
pub(super) struct ConfiguredRepository {
    pub(super) root: PathBuf,
    file: RepositoryFile,
    settings: Settings,
    projects: Projects,
    pub(super) findings: Vec<Finding>,
}

impl ConfiguredRepository {
    pub(super) fn open(sources: &Sources) -> Result<Self, ConfigError> {
        let outer = outer_layers(SettingLayers::new(), sources)?.settings()?;
        let root = match &outer.working_directory {
            Some(folder) => sources.repository.join(folder),
            None => sources.repository.clone(),
        };
        let (file, findings) = match read(&root, FILE) {
            Ok(Some(text)) => repository_file::parse(&text, FILE),
            Ok(None) => (RepositoryFile::default(), Vec::new()),
            Err(source) => return Err(ConfigError::Unreadable { path: FILE.to_owned(), source }),
        };
        let layers = SettingLayers::new().add(SettingLayer::new(FILE, file.all.values.clone()));
        let layers = outer_layers(layers, sources)?;
        let mut settings = layers.settings()?;
        let mut findings = findings;
        let is_own_word = layers.source_of(Key::report_dir).as_deref() == Some(FILE);
        if is_own_word && leaves(&settings.report_dir) {
            findings.push(outside(Key::report_dir, &settings.report_dir, &file));
            settings.report_dir = Settings::from(PartialSettings::default()).report_dir;
        } else if is_own_word && is_of_git(&root, &settings.report_dir) {
            findings.push(unusable(Key::report_dir, &settings.report_dir, "is in git's own folder", &file));
            settings.report_dir = Settings::from(PartialSettings::default()).report_dir;
        }
        let is_own_word = layers.source_of(Key::config_dir).as_deref() == Some(FILE);
        if is_own_word && leaves(Path::new(&settings.config_dir)) {
            findings.push(outside(Key::config_dir, Path::new(&settings.config_dir), &file));
            settings.config_dir = Settings::from(PartialSettings::default()).config_dir;
        }
        settings.config_dir.truncate(settings.config_dir.trim_end_matches('/').len());
        let unread = unread_files::find(&root, &settings.config_dir);
        let findings = findings.into_iter().chain(names::unknown(&sources.environment, sources.action)).chain(unread).collect();
        let projects = Projects::find(&root, settings.select_script.as_deref());
        Ok(Self { root, file, settings, projects, findings })
    }

    pub(super) fn config_dir(&self) -> &str {
        &self.settings.config_dir
    }

    /// The configuration files of this run.
    pub(super) fn chosen(&self, sources: &Sources, files: &ConfigFiles) -> Result<SelectedFiles, ConfigError> {
        if let Some(names) = &sources.selected {
            return files.named(names.iter().map(ModelName::as_str));
        }
        if let Some(file) = &self.settings.config {
            check_one_choice(&sources.flags)?;
            return Ok(SelectedFiles { paths: vec![file.clone()], ..SelectedFiles::default() });
        }
        if let Some(request) = &self.settings.models {
            return match self.settings.verify {
                VerifyMode::Live => files.requested_live(&self.root, request),
                VerifyMode::Off => files.requested(request),
            };
        }
        if self.root.join(DEFAULT_CONFIG).is_file() {
            return Ok(SelectedFiles { paths: vec![DEFAULT_CONFIG.to_owned()], ..SelectedFiles::default() });
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
        let (place, found) = self.place(name, config);
        findings.extend(found.iter().filter(|finding| finding.is_error()).cloned());
        let layers = SettingLayers::new()
            .add(SettingLayer::new(FILE, self.file.all.values.clone()))
            .add(SettingLayer::new(format!("{FILE} (models.{name})"), overrides.values.clone()))
            .add(SettingLayer::of(config.file.clone(), &settings_of(config)));
        let layers = outer_layers(layers, sources)?;
        let resolver = Resolver {
            settings: layers.settings()?,
            layers: &layers,
            root: &self.root,
            place,
            name,
            model_argument: sources.model_argument.as_deref(),
            places: &self.file.places,
            overrides: merged(&self.file.all, &overrides),
            in_ci: sources.environment.get("CI").is_some_and(|value| !matches!(value.trim(), "" | "false" | "0")),
            environment: &sources.environment,
        };
        match resolver.resolve(config)? {
            Resolution { plan: Some((plan, roles)), findings: more } => {
                findings.extend(more.iter().filter(|finding| finding.is_error()).cloned());
                let found = found.into_iter().chain(more).collect();
                Ok(Some((LoadedModel { plan, findings: found }, roles)))
            }
            Resolution { plan: None, findings: more } => {
                findings.extend(more);
                Ok(None)
            }
        }
    }

    /// Where a model's project is.
    fn place(&self, name: &str, config: &ModelFile) -> (ProjectPlace, Vec<Finding>) {
        let model = folders::UnplacedModel { name, file: &config.file, live: config.model.as_ref() };
        self.projects.place(&self.root, model, &self.file.of_model(name).folders)
    }

    /// Where the project of a model with a new configuration is.
    pub(super) fn place_of_new(&self, model: &ModelRef, file: &str) -> (ProjectPlace, Vec<Finding>) {
        let config = ModelFile { file: file.to_owned(), model: Some(model.clone()), ..ModelFile::default() };
        self.place(model.name(), &config)
    }

    /// The folder that is built for a configured model, relative to the repository.
    pub(super) fn context_of(&self, model: &ConfiguredModel) -> String {
        let text = read_text(&self.root, &model.file).unwrap_or_default();
        self.place(model.name.as_str(), &model_file::parse(&text, &model.file).0).0.context
    }

    /// The configuration files.
    pub(super) fn files(&self) -> ConfigFiles {
        ConfigFiles::find(&self.root, self.config_dir(), self.projects.iter())
    }

    /// The plan of a model without a file: fuzz inputs and nothing else, as in cog-safe-push. The model can be the image that `cog.yaml`
    /// names.
    pub(super) fn model_without_file(
        &self,
        sources: &Sources,
        named: Option<&str>,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<(LoadedModel, ModelRoles)>, ConfigError> {
        let named = named.or(sources.model_argument.as_deref()).or(sources.verified_model.as_deref());
        let text = named.map(str::to_owned).or_else(|| self.image_model());
        let (model, is_named) = match text {
            Some(text) => (parse_model("the model", &text)?, true),
            // Whoever names a folder expects a configuration there.
            None if self.config_dir() != Settings::from(PartialSettings::default()).config_dir => {
                let looked = format!("found no configuration in {}/", self.config_dir());
                return Err(ConfigError::NoModel { looked, folders: Vec::new() });
            }
            None if sources.model_optional && self.has_project() => (self.unnamed_model(), false),
            None => return Err(self.no_model()),
        };
        let name = model.name().to_owned();
        let fuzz = Some(model_file::FuzzSection::default());
        let predict = Some(model_file::PredictSection { fuzz, ..model_file::PredictSection::default() });
        let config = ModelFile { model: Some(model), predict, ..ModelFile::default() };
        let mut loaded = self.model(sources, &name, &config, findings)?;
        if let Some((model, _roles)) = &mut loaded {
            model.plan.is_named = is_named;
        }
        Ok(loaded)
    }

    /// The folder of the project where no configuration names a model.
    fn only_folder(&self) -> String {
        let nothing = folders::UnplacedModel { name: "", file: "", live: None };
        self.projects.place(&self.root, nothing, &Folders::default()).0.context
    }

    /// Why no model is known, and where one may be.
    fn no_model(&self) -> ConfigError {
        let folders: Vec<String> = self.projects.iter().map(str::to_owned).collect();
        let project = match folders.as_slice() {
            _ if self.has_project() => "cog.yaml names no image".to_owned(),
            [] => "no cog.yaml".to_owned(),
            several => format!("cog.yaml is in {}", shorten(&several.join(", "), folders::MAX_NAMES_BYTES)),
        };
        let looked = format!("found neither {DEFAULT_CONFIG} nor files in {}/, and {project}", self.config_dir());
        ConfigError::NoModel { looked, folders }
    }

    fn has_project(&self) -> bool {
        self.root.join(ProjectPlace::of_folder(&self.only_folder()).config_file()).is_file()
    }

    /// A stand-in for the live model of a project that names none, named after its folder.
    fn unnamed_model(&self) -> ModelRef {
        let folder = self.root.join(self.only_folder());
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')).collect();
        ModelRef::unnamed(name.trim_start_matches(['.', '_', '-']))
    }

    fn image_model(&self) -> Option<String> {
        let path = ProjectPlace::of_folder(&self.only_folder()).config_file();
        let text = read(&self.root, &path).ok()??;
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

/// The settings that come from outside of the repository.
pub(super) fn settings_from_outside(sources: &Sources) -> Result<RunSettings, ConfigError> {
    let settings = outer_layers(SettingLayers::new(), sources)?.settings()?;
    let tokens = Tokens::find(&sources.environment, sources.action);
    Ok(RunSettings { repository: sources.repository.clone(), settings, tokens, ..RunSettings::default() })
}

/// Whether a path written in the repository may end outside of it.
fn leaves(path: &Path) -> bool {
    !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn outside(key: Key, folder: &Path, file: &RepositoryFile) -> Finding {
    unusable(key, folder, "is outside the repository", file)
}

fn unusable(key: Key, folder: &Path, problem: &str, file: &RepositoryFile) -> Finding {
    let setting = key.setting();
    let message = format!("{} is {}, which {problem}", setting.name, folder.display());
    let hint = format!("name a folder of the repository, or set --{}", setting.flag.unwrap_or(setting.name));
    let finding = Finding::new(&rules::OUTSIDE, message).hint(hint);
    match file.places.get(setting.name) {
        Some(place) => finding.at(place.clone()),
        None => finding,
    }
}

/// Rejects a configuration file together with model names: both choose the models. Only flags conflict; a flag overrides a variable.
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
fn outer_layers(layers: SettingLayers, sources: &Sources) -> Result<SettingLayers, ConfigError> {
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
        folders: Folders::default(),
        ignore: all.ignore.iter().chain(&model.ignore).cloned().collect(),
        severities: severities.chain(&model.severities).cloned().collect(),
        compare: all.compare.with(&model.compare),
        regressions: Regressions {
            predict_time: model.regressions.predict_time.or(all.regressions.predict_time),
            boot: model.regressions.boot.or(all.regressions.boot),
            image_size: model.regressions.image_size.or(all.regressions.image_size),
            cost: model.regressions.cost.or(all.regressions.cost),
        },
    }
}

fn read(root: &Path, path: &str) -> io::Result<Option<String>> {
    match read_text(root, path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
