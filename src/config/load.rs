//! From sources to loaded models: which files there are, and what they say together.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Value};

use crate::config::ConfigError;
use crate::config::layers::{Effective, Layer, Layers};
use crate::config::peer::{self, PeerConfig};
use crate::config::repository::{self, Overrides, RepositoryConfig};
use crate::config::resolve::{Resolved, Resolver};
use crate::config::settings::SECRETS;
use crate::domain::finding::Finding;
use crate::domain::identity::ModelRef;
use crate::domain::plan::ModelPlan;
use crate::support::SecretString;
use crate::support::text::nearest;

/// The peer's file, which comes before all others.
const DEFAULT_CONFIG: &str = "cog-safe-push.yaml";

const CONFIG_DIR: &str = "cog-safe-push-configs";
const SELECT_SCRIPT: &str = "script/select-model";
pub(super) const REPORT_DIR: &str = "safe-push-report";
const REGISTRY: &str = "r8.im";

/// Values of flags by the names of settings. A switch has `true`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags(pub BTreeMap<&'static str, Vec<String>>);

/// Where settings come from.
#[derive(Clone, Default)]
pub struct Sources {
    /// The folder of the repository.
    pub repository: PathBuf,
    /// The environment's variables.
    pub environment: BTreeMap<String, String>,
    /// Whether inputs of the action are among them.
    pub action: bool,
    /// Flags.
    pub flags: Flags,
    /// The model on the command line.
    pub model_argument: Option<String>,
}

/// Tokens, as far as they are there.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// Of Replicate's API.
    pub replicate: Option<SecretString>,
    /// Of Replicate's registry: the CLI token.
    pub cog: Option<SecretString>,
    /// Of Claude's API.
    pub anthropic: Option<SecretString>,
    /// Of GitHub's API.
    pub github: Option<SecretString>,
}

/// What holds for a run as a whole.
#[derive(Debug, Clone, Default)]
pub struct RunSettings {
    /// The folder of the repository.
    pub repository: PathBuf,
    /// Which models were asked for: `all`, or names.
    pub models: Option<String>,
    /// The folder with configurations, relative to the repository.
    pub config_dir: String,
    /// The script that knows models, relative to the repository.
    pub select_script: String,
    /// Where reports go, relative to the working folder.
    pub report_dir: PathBuf,
    /// Replicate's registry.
    pub registry_host: String,
    /// Replicate's API; its own when nothing is said.
    pub replicate_base_url: Option<String>,
    /// Claude's API; its own when nothing is said.
    pub anthropic_base_url: Option<String>,
    /// GitHub's API; its own when nothing is said.
    pub github_api_url: Option<String>,
    /// The Docker daemon; the default socket when nothing is said.
    pub docker_host: Option<String>,
    /// Whether the official models are pushed to.
    pub push_official_model: bool,
    /// Tokens.
    pub tokens: Tokens,
}

/// One model's plan, and what reading its settings found.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedModel {
    /// The plan.
    pub plan: ModelPlan,
    /// Warnings; mistakes would have made an error.
    pub findings: Vec<Finding>,
}

/// Everything that is set.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The models, in the order of their names.
    pub models: Vec<LoadedModel>,
    /// The run.
    pub run: RunSettings,
}

/// Loads plans for the models that were asked for. All mistakes of all files are told at once.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let place = Place::find(sources)?;
    let files = place.chosen(sources)?;
    let mut findings = place.findings.clone();
    let mut models = Vec::new();
    for file in &files {
        let text =
            fs::read_to_string(place.root.join(file)).map_err(|source| ConfigError::Unreadable { path: file.clone(), source })?;
        let (config, found) = peer::parse(&text, file);
        let broken = found.iter().any(Finding::is_error);
        findings.extend(found.clone());
        if !broken {
            let name = model_name(file, &config);
            models.extend(place.model(sources, &name, &config, &mut findings)?.map(|model| with_findings(model, found)));
        }
    }
    if files.is_empty() {
        models.extend(place.model_without_file(sources, &mut findings)?);
    }
    if findings.iter().any(Finding::is_error) {
        return Err(ConfigError::Mistakes { findings });
    }
    Ok(Loaded { models, run: place.run_settings(sources) })
}

/// Loads what needs no model.
pub fn run_settings(sources: &Sources) -> Result<RunSettings, ConfigError> {
    let place = Place::find(sources)?;
    if place.findings.iter().any(Finding::is_error) {
        return Err(ConfigError::Mistakes { findings: place.findings });
    }
    Ok(place.run_settings(sources))
}

fn with_findings(mut model: LoadedModel, found: Vec<Finding>) -> LoadedModel {
    model.findings.splice(0..0, found);
    model
}

/// The file's stem; the peer's own file is named after its model.
fn model_name(file: &str, config: &PeerConfig) -> String {
    match (file, &config.model) {
        (DEFAULT_CONFIG, Some(model)) => model.name().to_owned(),
        _ => stem(file).to_owned(),
    }
}

fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name)
}

/// The repository, with what holds in all of it.
struct Place {
    root: PathBuf,
    repository: RepositoryConfig,
    effective: Effective,
    findings: Vec<Finding>,
}

impl Place {
    fn find(sources: &Sources) -> Result<Self, ConfigError> {
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
        Ok(Self { root, repository, effective, findings })
    }

    fn config_dir(&self) -> &str {
        self.effective.config_dir.as_deref().unwrap_or(CONFIG_DIR).trim_end_matches('/')
    }

    /// The configuration files to use, relative to the repository; none when there are none.
    fn chosen(&self, sources: &Sources) -> Result<Vec<String>, ConfigError> {
        if let Some(file) = &self.effective.config {
            return Ok(vec![file.clone()]);
        }
        let available = self.available();
        if let Some(request) = self.effective.models.as_deref().filter(|request| *request != "all") {
            let names = request.split(',').map(str::trim).filter(|name| !name.is_empty());
            return names.map(|name| self.named(name, &available)).collect();
        }
        if self.effective.models.is_none() {
            if self.root.join(DEFAULT_CONFIG).is_file() {
                return Ok(vec![DEFAULT_CONFIG.to_owned()]);
            }
            if let Some(model) = &sources.model_argument {
                let name = model.rsplit('/').next().unwrap_or(model);
                return Ok(match available.iter().find(|file| stem(file) == name) {
                    Some(file) => vec![file.clone()],
                    // A configuration that is the only one is meant, whatever its name: the argument overrides its model.
                    None if available.len() == 1 => available,
                    None => Vec::new(),
                });
            }
        }
        if available.is_empty() && self.root.join(DEFAULT_CONFIG).is_file() {
            return Ok(vec![DEFAULT_CONFIG.to_owned()]);
        }
        Ok(available)
    }

    fn available(&self) -> Vec<String> {
        let folder = self.config_dir();
        let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut files: Vec<String> = names
            .filter(|name| (name.ends_with(".yaml") || name.ends_with(".yml")) && !name.starts_with('.'))
            .map(|name| format!("{folder}/{name}"))
            .collect();
        files.sort();
        files
    }

    fn named(&self, name: &str, available: &[String]) -> Result<String, ConfigError> {
        available.iter().find(|file| stem(file) == name).cloned().ok_or_else(|| {
            let names = || available.iter().map(|file| stem(file));
            let hint = match nearest(name, names()) {
                Some(near) => format!("did you mean '{near}'?"),
                None if available.is_empty() => format!("write {}/{name}.yaml", self.config_dir()),
                None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
            };
            ConfigError::UnknownModel { name: name.to_owned(), folder: self.config_dir().to_owned(), hint }
        })
    }

    fn model(
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
    fn model_without_file(&self, sources: &Sources, findings: &mut Vec<Finding>) -> Result<Option<LoadedModel>, ConfigError> {
        let text = sources.model_argument.clone().or_else(|| self.image_model());
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
        let config = crate::cog::config::parse(&text, "cog.yaml").config?;
        let image = config.image.or(config.model)?.value;
        let mut parts: Vec<&str> = image.split('/').collect();
        let name = parts.pop()?.split([':', '@']).next()?;
        let owner = parts.pop()?;
        // Another registry's image is no model of Replicate's.
        let host = parts.pop()?;
        (host == REGISTRY && parts.is_empty()).then(|| format!("{owner}/{name}"))
    }

    fn run_settings(&self, sources: &Sources) -> RunSettings {
        let effective = &self.effective;
        RunSettings {
            repository: self.root.clone(),
            models: effective.models.clone(),
            config_dir: self.config_dir().to_owned(),
            select_script: effective.select_script.clone().unwrap_or_else(|| SELECT_SCRIPT.to_owned()),
            report_dir: PathBuf::from(effective.report_dir.as_deref().unwrap_or(REPORT_DIR)),
            registry_host: effective.replicate_registry.clone().unwrap_or_else(|| REGISTRY.to_owned()),
            replicate_base_url: effective.replicate_base_url.clone(),
            anthropic_base_url: effective.anthropic_base_url.clone(),
            github_api_url: effective.github_api_url.clone(),
            docker_host: effective.docker_host.clone(),
            push_official_model: effective.push_official_model.unwrap_or_default(),
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

fn tokens(sources: &Sources) -> Tokens {
    let token = |index: usize| {
        let secret = &SECRETS[index];
        let input = format!("INPUT_{}", secret.input.to_uppercase());
        let names = [input.as_str(), secret.variable];
        let names = if sources.action { &names[..] } else { &names[1..] };
        let found = names.iter().filter_map(|name| sources.environment.get(*name)).map(|value| value.trim());
        found.into_iter().find(|value| !value.is_empty()).map(SecretString::from)
    };
    Tokens { replicate: token(0), cog: token(1), anthropic: token(2), github: token(3) }
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
