//! The layers, joined by figment, which remembers the source of each value.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use cog_findings::text::shorten;
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

use crate::config::ConfigError;
use crate::config::settings::{Key, PartialSettings, SETTINGS, Setting, Settings, ValueKind};
use crate::config::sources::Flags;

/// Settings from one source.
pub(super) struct SettingLayer {
    /// The source as users know it: `--parallel`, `SAFE_PUSH_PARALLEL`, `.safe-push.yaml`.
    name: String,
    values: Result<Dict, Error>,
}

impl SettingLayer {
    pub(super) fn new(name: impl Into<String>, values: Dict) -> Self {
        Self { name: name.into(), values: Ok(values) }
    }

    /// What a file sets.
    pub(super) fn of(name: impl Into<String>, settings: &PartialSettings) -> Self {
        let values = Value::serialize(settings).map(|value| value.into_dict().unwrap_or_default());
        Self { name: name.into(), values }
    }

    fn one(name: impl Into<String>, setting: &Setting, value: Value) -> Self {
        Self::new(name, Dict::from([(setting.name.to_owned(), value)]))
    }
}

impl Provider for SettingLayer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Map::from([(Profile::Default, self.values.clone()?)]))
    }
}

/// Layers, later ones win.
pub(super) struct SettingLayers {
    figment: Figment,
}

impl SettingLayers {
    pub(super) fn new() -> Self {
        Self { figment: Figment::new() }
    }

    pub(super) fn add(self, layer: SettingLayer) -> Self {
        Self { figment: self.figment.merge(layer) }
    }

    pub(super) fn add_variables(mut self, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        for key in Key::ALL {
            let setting = key.setting();
            let own = setting.variable();
            let names = std::iter::once(own.as_str()).chain(setting.variables.iter().copied());
            if let Some((name, value)) = first_set(environment, names) {
                self = self.add(from_text(setting, name, value)?);
            }
        }
        Ok(self)
    }

    /// Inputs of the action. The runner writes them with spaces as underscores, and keeps hyphens.
    pub(super) fn add_inputs(mut self, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        for setting in SETTINGS.iter().filter(|setting| !setting.inputs.is_empty()) {
            let input = setting.name.to_uppercase();
            let names = [format!("INPUT_{input}"), format!("INPUT_{}", input.replace('_', "-"))];
            if let Some((name, value)) = first_set(environment, names.iter().map(String::as_str)) {
                self = self.add(from_text(setting, name, value)?);
            }
        }
        Ok(self)
    }

    pub(super) fn add_flags(mut self, flags: &Flags) -> Result<Self, ConfigError> {
        for (key, values) in &flags.0 {
            let setting = key.setting();
            let Some(flag) = setting.flag else { continue };
            let name = format!("--{flag}");
            if setting.kind == ValueKind::List {
                self = self.add(SettingLayer::one(name, setting, Value::from(values.clone())));
            } else if let Some(value) = values.last().filter(|value| !value.is_empty()) {
                // A flag that says the opposite has no value of its own.
                let value = if setting.negated.is_some() { "false" } else { value };
                self = self.add(from_text(setting, &name, value)?);
            }
        }
        Ok(self)
    }

    /// What all layers set together.
    pub(super) fn settings(&self) -> Result<Settings, ConfigError> {
        let partial: PartialSettings = self.figment.extract().map_err(|error| {
            let setting = error.path.first().cloned().unwrap_or_default();
            ConfigError::BadSetting {
                source_name: error.metadata.as_ref().map_or_else(|| setting.clone(), |metadata| metadata.name.to_string()),
                value: setting,
                problem: error.kind.to_string(),
                hint: None,
            }
        })?;
        Ok(partial.into())
    }

    /// Where a setting's value came from; `None` for a default.
    pub(super) fn source_of(&self, key: Key) -> Option<String> {
        self.figment.find_metadata(key.setting().name).map(|metadata| metadata.name.to_string())
    }

    /// Numbers outside of what their setting allows.
    pub(super) fn out_of_range(&self) -> impl Iterator<Item = (Key, u64, RangeInclusive<u64>)> {
        Key::ALL.iter().filter_map(|key| {
            let range = key.setting().range.clone()?;
            let number: u64 = self.figment.extract_inner(key.setting().name).ok()?;
            (!range.contains(&number)).then_some((*key, number, range))
        })
    }
}

/// The first of these variables that is set and not empty.
fn first_set<'a>(environment: &'a BTreeMap<String, String>, names: impl Iterator<Item = &'a str>) -> Option<(&'a str, &'a str)> {
    let mut set = names.filter_map(|name| Some((name, environment.get(name)?.trim())));
    set.find(|(_, value)| !value.is_empty())
}

/// A text from outside of files, as the value that the setting wants.
fn from_text(setting: &Setting, source_name: &str, text: &str) -> Result<SettingLayer, ConfigError> {
    let value = setting.parse(text).map_err(|rejected| ConfigError::BadSetting {
        source_name: source_name.to_owned(),
        value: shorten(text, 100),
        problem: rejected.problem,
        hint: rejected.hint,
    })?;
    Ok(SettingLayer::one(source_name, setting, value))
}
