//! A repository and what holds in all of it: what all layers say together, for each of its models.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cog_findings::Finding;
use cog_findings::text::nearest;
use figment::value::{Dict, Value};

use crate::config::files::{Chosen, ConfigFiles, DEFAULT_CONFIG};
use crate::config::layers::{Effective, Layer, Layers};
use crate::config::load::LoadedModel;
use crate::config::names;
use crate::config::peer::{self, PeerConfig};
use crate::config::repository::{self, Overrides, RepositoryConfig};
use crate::config::resolve::{Resolved, Resolver};
use crate::config::sources::{CommentMode, ModelPaths, RunSettings, Sources, Trigger, tokens};
use crate::config::{ConfigError, rules};
use crate::domain::identity::ModelRef;
use crate::domain::model_name::ModelName;

const CONFIG_DIR: &str = "cog-safe-push-configs";
pub(super) const REPORT_DIR: &str = "safe-push-report";
const REGISTRY: &str = "r8.im";

/// The repository, with what holds in all of it.
pub(super) struct Place {
    pub(super) root: PathBuf,
    repository: RepositoryConfig,
    effective: Effective,
    pub(super) findings: Vec<Finding>,
}

impl Place {
    pub(super) fn find(sources: &Sources) -> Result<Self, ConfigError> {
        let outer = outer_layers(Layers::new(), sources)?.effective()?;
        let root = match &outer.working_directory {
            Some(folder) => sources.repository.join(folder),
            None => sources.repository.clone(),
        };
        let (repository, findings) = match read(&root.join(repository::FILE)) {
            Ok(Some(text)) => repository::parse(&text, repository::FILE),
            Ok(None) => (RepositoryConfig::default(), Vec::new()),
            Err(source) => return Err(ConfigError::Unreadable { path: repository::FILE.to_owned(), source }),
        };
        let layers = Layers::new().add(Layer::new(repository::FILE, repository.all.values.clone()));
        let effective = outer_layers(layers, sources)?.effective()?;
        let findings = findings.into_iter().chain(names::unknown(&sources.environment, sources.action)).collect();
        Ok(Self { root, repository, effective, findings })
    }

    pub(super) fn config_dir(&self) -> &str {
        self.effective.config_dir.as_deref().unwrap_or(CONFIG_DIR).trim_end_matches('/')
    }

    /// The configuration files to use; none when there are none.
    pub(super) fn chosen(&self, sources: &Sources, files: &ConfigFiles) -> Result<Chosen, ConfigError> {
        if let Some(names) = &sources.selected {
            return files.named(names.iter().map(ModelName::as_str));
        }
        if let Some(file) = &self.effective.config {
            self.check_one_choice(sources)?;
            return Ok(Chosen { paths: vec![file.clone()], findings: Vec::new() });
        }
        if let Some(request) = &self.effective.models {
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

    /// A file and names are two answers to one question; of a flag and a variable, the flag is meant.
    fn check_one_choice(&self, sources: &Sources) -> Result<(), ConfigError> {
        let flags = &sources.flags.0;
        match flags.get("models").and_then(|values| values.last()).filter(|value| !value.is_empty()) {
            Some(models) if flags.contains_key("config") => Err(ConfigError::BadSetting {
                source_name: "--models".to_owned(),
                value: models.clone(),
                problem: "--config names one configuration already".to_owned(),
                hint: Some("leave one of the two out".to_owned()),
            }),
            _ => Ok(()),
        }
    }

    /// Sections of models that are not there.
    pub(super) fn unknown_sections(&self, known: &[&str]) -> Vec<Finding> {
        let names = self.repository.models.keys().filter(|name| !known.contains(&name.as_str()));
        let finding = |name: &String| {
            let finding =
                Finding::new(&rules::UNKNOWN_MODEL_SECTION, format!("there is no model '{name}', so its section has no effect"));
            let finding = match self.repository.places.get(&format!("models.{name}")) {
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

    /// Findings after the repository's word on them.
    pub(super) fn adjusted(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let all = &self.repository.all;
        let kept = findings.into_iter().filter(|finding| finding.is_error() || !all.ignore.contains(&finding.code));
        let severity =
            |finding: &Finding| all.severities.iter().find(|(code, _)| *code == finding.code).map(|(_, severity)| *severity);
        kept.map(|finding| match severity(&finding) {
            // A mistake stays one: nothing can be done with it.
            Some(severity) if !finding.is_error() => finding.with_severity(severity),
            _ => finding,
        })
        .collect()
    }

    pub(super) fn model(
        &self,
        sources: &Sources,
        name: &str,
        config: &PeerConfig,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<LoadedModel>, ConfigError> {
        let overrides = self.repository.of_model(name);
        let layers = Layers::new()
            .add(Layer::new(repository::FILE, self.repository.all.values.clone()))
            .add(Layer::new(format!("{} (models.{name})", repository::FILE), overrides.values.clone()))
            .add(Layer::new(config.file.clone(), scalars(config)));
        let layers = outer_layers(layers, sources)?;
        let resolver = Resolver {
            effective: layers.effective()?,
            layers: &layers,
            root: &self.root,
            name,
            model_argument: sources.model_argument.as_deref(),
            places: &self.repository.places,
            overrides: merged(&self.repository.all, &overrides),
        };
        match resolver.resolve(config)? {
            Resolved { plan: Some(plan), findings: found } => {
                findings.extend(found.iter().filter(|finding| finding.is_error()).cloned());
                Ok(Some(LoadedModel { plan, findings: found }))
            }
            Resolved { plan: None, findings: found } => {
                findings.extend(found);
                Ok(None)
            }
        }
    }

    /// The peer takes a model's name instead of a file, with fuzz and nothing else. A `cog.yaml` that names its image names the model too.
    pub(super) fn model_without_file(
        &self,
        sources: &Sources,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<LoadedModel>, ConfigError> {
        let named = sources.model_argument.as_ref().or(sources.verified_model.as_ref());
        let text = named.cloned().or_else(|| self.image_model());
        let Some(text) = text else {
            let looked =
                format!("there is neither {DEFAULT_CONFIG} nor a file in {}, and cog.yaml names no image", self.config_dir());
            return Err(ConfigError::NoModel { looked });
        };
        let model: ModelRef = text.parse().map_err(|_no_model| ConfigError::BadSetting {
            source_name: "the model".to_owned(),
            value: text.clone(),
            problem: "it is not OWNER/NAME".to_owned(),
            hint: Some("write the two parts of its address, as in acme/hotdog".to_owned()),
        })?;
        let name = model.name().to_owned();
        let fuzz = Some(peer::FuzzSection::default());
        let predict = Some(peer::PredictSection { fuzz, ..peer::PredictSection::default() });
        let config = PeerConfig { model: Some(model), predict, ..PeerConfig::default() };
        self.model(sources, &name, &config, findings)
    }

    fn image_model(&self) -> Option<String> {
        let text = read(&self.root.join("cog.yaml")).ok()??;
        let config = cog_source::config::parse(&text, "cog.yaml").config?;
        let image = config.image.or(config.model)?.value;
        let mut parts: Vec<&str> = image.split('/').collect();
        let name = parts.pop()?.split([':', '@']).next()?;
        let owner = parts.pop()?;
        // Another registry's image is no model of Replicate's.
        let host = parts.pop()?;
        (host == REGISTRY && parts.is_empty()).then(|| format!("{owner}/{name}"))
    }

    fn model_paths(&self) -> ModelPaths {
        let models = self.repository.models.iter().filter_map(|(name, of_model)| Some((name.clone(), of_model.paths.clone()?)));
        ModelPaths { all: self.repository.all.paths.clone(), models: models.collect() }
    }

    pub(super) fn run_settings(&self, sources: &Sources) -> RunSettings {
        let effective = &self.effective;
        RunSettings {
            repository: self.root.clone(),
            models: effective.models.clone(),
            config_dir: self.config_dir().to_owned(),
            select_script: effective.select_script.clone(),
            base: effective.base.clone(),
            paths: self.model_paths(),
            trigger: effective.trigger_type.as_deref().and_then(Trigger::of_event),
            comment: if effective.comment.as_deref() == Some("off") { CommentMode::Off } else { CommentMode::Update },
            report_dir: PathBuf::from(effective.report_dir.as_deref().unwrap_or(REPORT_DIR)),
            registry_host: effective.replicate_registry.clone().unwrap_or_else(|| REGISTRY.to_owned()),
            replicate_base_url: effective.replicate_base_url.clone(),
            anthropic_base_url: effective.anthropic_base_url.clone(),
            judge_budget: effective.judge_budget,
            github_api_url: effective.github_api_url.clone(),
            docker_host: effective.docker_host.clone(),
            tokens: tokens(sources),
        }
    }
}

/// What stands above all files.
fn outer_layers(layers: Layers, sources: &Sources) -> Result<Layers, ConfigError> {
    let layers = layers.add_variables(&sources.environment)?;
    let layers = if sources.action { layers.add_inputs(&sources.environment)? } else { layers };
    layers.add_flags(&sources.flags.0)
}

/// The values of a file that other layers may have too.
fn scalars(config: &PeerConfig) -> Dict {
    let mut values = Dict::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.insert(name.to_owned(), value);
        }
    };
    put("test_model", config.test_model.as_ref().map(|model| Value::from(model.to_string())));
    put("test_hardware", config.test_hardware.clone().map(Value::from));
    put("dockerfile", config.dockerfile.clone().map(Value::from));
    put("parallel", config.parallel.map(Value::from));
    put("ignore_schema_checks", config.ignore_schema_compatibility.map(Value::from));
    put("no_cog_base_image", config.use_cog_base_image.map(|wanted| Value::from(!wanted)));
    if let Some(predict) = &config.predict {
        put("compare_outputs", predict.compare_outputs.map(Value::from));
        put("predict_timeout", predict.predict_timeout.map(Value::from));
        if let Some(fuzz) = &predict.fuzz {
            put("fuzz_iterations", fuzz.iterations.map(Value::from));
            put("fuzz_prompt", fuzz.prompt.clone().map(Value::from));
        }
    }
    if let Some(train) = &config.train {
        put("train_timeout", train.train_timeout.map(Value::from));
    }
    values
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

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}
