//! The layers, joined by figment, which remembers for each value where it came from.

use std::collections::BTreeMap;

use cog_findings::text::{nearest, shorten};
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};
use serde::Deserialize;

use crate::config::ConfigError;
use crate::config::settings::{Kind, SETTINGS, Setting};

/// What every layer may say, after all of them have spoken.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Effective {
    pub(super) config: Option<String>,
    pub(super) models: Option<String>,
    pub(super) config_dir: Option<String>,
    pub(super) select_script: Option<String>,
    pub(super) base: Option<String>,
    pub(super) trigger_type: Option<String>,
    pub(super) comment: Option<String>,
    pub(super) working_directory: Option<String>,
    pub(super) test_model: Option<String>,
    pub(super) test_hardware: Option<String>,
    pub(super) ignore_schema_checks: Option<bool>,
    pub(super) no_lint: Option<bool>,
    pub(super) cog_version: Option<String>,
    pub(super) builder: Option<String>,
    pub(super) cog_binary: Option<String>,
    pub(super) dockerfile: Option<String>,
    pub(super) image: Option<String>,
    pub(super) no_cog_base_image: Option<bool>,
    pub(super) separate_weights: Option<bool>,
    pub(super) strip: Option<bool>,
    pub(super) precompile: Option<bool>,
    pub(super) docker_secrets: Vec<String>,
    pub(super) no_cache: Option<bool>,
    pub(super) compare_outputs: Option<bool>,
    pub(super) compare: Option<String>,
    pub(super) test_cases: Option<Vec<String>>,
    pub(super) predict_timeout: Option<u64>,
    pub(super) startup_timeout: Option<u64>,
    pub(super) train_timeout: Option<u64>,
    pub(super) parallel: Option<u64>,
    pub(super) fail_fast: Option<bool>,
    pub(super) health: Option<String>,
    pub(super) judge_model: Option<String>,
    pub(super) judge_budget: Option<u64>,
    pub(super) max_predict_seconds: Option<u64>,
    pub(super) fuzz_iterations: Option<u64>,
    pub(super) fuzz_fixed_inputs: Option<String>,
    pub(super) fuzz_disabled_inputs: Option<String>,
    pub(super) fuzz_prompt: Option<String>,
    pub(super) seed: Option<u64>,
    pub(super) test_only: Option<bool>,
    pub(super) push_official_model: Option<bool>,
    pub(super) two_pass: Option<bool>,
    pub(super) report_dir: Option<String>,
    pub(super) replicate_registry: Option<String>,
    pub(super) replicate_base_url: Option<String>,
    pub(super) anthropic_base_url: Option<String>,
    pub(super) github_api_url: Option<String>,
    pub(super) docker_host: Option<String>,
}

impl Effective {
    /// Whether the official model is pushed to, after one pass or two.
    pub(super) fn pushes_official_model(&self) -> bool {
        self.push_official_model == Some(true) || self.two_pass == Some(true)
    }
}

/// One setting from one place.
pub(super) struct Layer {
    /// The place as a user knows it: `--parallel`, `SAFE_PUSH_PARALLEL`, `.safe-push.yaml`.
    name: String,
    values: Dict,
}

impl Layer {
    pub(super) fn new(name: impl Into<String>, values: Dict) -> Self {
        Self { name: name.into(), values }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

/// Layers, later ones win.
pub(super) struct Layers {
    figment: Figment,
}

impl Layers {
    pub(super) fn new() -> Self {
        Self { figment: Figment::new() }
    }

    pub(super) fn add(self, layer: Layer) -> Self {
        Self { figment: self.figment.merge(layer) }
    }

    /// Variables of the environment.
    pub(super) fn add_variables(mut self, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        for setting in SETTINGS {
            let own = setting.variable();
            let names = std::iter::once(own.as_str()).chain(setting.variables.iter().copied());
            let set = names.filter_map(|name| Some((name, environment.get(name)?.trim()))).find(|(_, value)| !value.is_empty());
            if let Some((name, value)) = set {
                self = self.add(from_text(setting, name, value)?);
            }
        }
        Ok(self)
    }

    /// Inputs of the action. The runner writes them with spaces as underscores, and keeps hyphens.
    pub(super) fn add_inputs(mut self, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        for setting in SETTINGS {
            let Some(input) = setting.input else { continue };
            let names = [format!("INPUT_{}", input.to_uppercase()), format!("INPUT_{}", input.to_uppercase().replace('_', "-"))];
            let set =
                names.iter().filter_map(|name| Some((name, environment.get(name)?.trim()))).find(|(_, value)| !value.is_empty());
            if let Some((name, value)) = set {
                self = self.add(from_text(setting, name, value)?);
            }
        }
        Ok(self)
    }

    /// Flags.
    pub(super) fn add_flags(mut self, flags: &BTreeMap<&'static str, Vec<String>>) -> Result<Self, ConfigError> {
        for setting in SETTINGS {
            let (Some(flag), Some(values)) = (setting.flag, flags.get(setting.name)) else { continue };
            let name = format!("--{flag}");
            if setting.kind == Kind::List {
                let list = Value::from(values.clone());
                self = self.add(Layer::new(name, Dict::from([(setting.name.to_owned(), list)])));
            } else if let Some(value) = values.last().filter(|value| !value.is_empty()) {
                self = self.add(from_text(setting, &name, value)?);
            }
        }
        Ok(self)
    }

    /// What all layers say together.
    pub(super) fn effective(&self) -> Result<Effective, ConfigError> {
        self.figment.extract().map_err(|error| {
            let setting = error.path.first().cloned().unwrap_or_default();
            ConfigError::BadSetting {
                source_name: error.metadata.as_ref().map_or_else(|| setting.clone(), |metadata| metadata.name.to_string()),
                value: setting,
                problem: error.kind.to_string(),
                hint: None,
            }
        })
    }

    /// Where a setting's value came from.
    pub(super) fn source_of(&self, name: &str) -> String {
        self.figment.find_metadata(name).map_or_else(|| name.to_owned(), |metadata| metadata.name.to_string())
    }
}

/// A text from outside of files, as the value that the setting wants.
fn from_text(setting: &Setting, source_name: &str, text: &str) -> Result<Layer, ConfigError> {
    let wrong = |problem: String, hint: Option<String>| ConfigError::BadSetting {
        source_name: source_name.to_owned(),
        value: shorten(text, 100),
        problem,
        hint,
    };
    let value = match setting.kind {
        Kind::Switch => match text.to_ascii_lowercase().as_str() {
            // Only the flag says the opposite of the setting's name.
            "true" | "1" | "yes" | "on" => Value::from(!(setting.negative && source_name.starts_with("--"))),
            "false" | "0" | "no" | "off" => Value::from(setting.negative && source_name.starts_with("--")),
            _ => return Err(wrong("it has to be true or false".to_owned(), None)),
        },
        Kind::Text => Value::from(text.to_owned()),
        Kind::Number => {
            let number: u64 =
                text.parse().map_err(|_no_number| wrong("it has to be a whole number that is not negative".to_owned(), None))?;
            Value::from(number)
        }
        Kind::List => Value::from(text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>()),
        Kind::Choice(words) => {
            if !words.contains(&text) {
                let hint = nearest(text, words.iter().copied()).map(|near| format!("did you mean '{near}'?"));
                return Err(wrong(format!("it has to be one of {}", words.join(", ")), hint));
            }
            Value::from(text.to_owned())
        }
    };
    Ok(Layer::new(source_name, Dict::from([(setting.name.to_owned(), value)])))
}
