//! From sources to loaded models.

use std::fs;

use cog_findings::Finding;

use crate::config::ConfigError;
use crate::config::files::{ConfigFiles, DEFAULT_CONFIG, stem};
use crate::config::peer::{self, PeerConfig};
use crate::config::place::Place;
use crate::config::sources::{RunSettings, Sources};
use crate::domain::model_name::ModelName;
use crate::domain::plan::ModelPlan;

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
    /// The models, in the order of the request.
    pub models: Vec<LoadedModel>,
    /// The run.
    pub run: RunSettings,
    /// What concerns no single model: warnings and notes; mistakes would have made an error.
    pub findings: Vec<Finding>,
}

/// The models that can be chosen from.
#[derive(Debug, Clone)]
pub struct Configured {
    /// Their names, sorted.
    pub models: Vec<ConfiguredModel>,
    /// The run.
    pub run: RunSettings,
    /// What concerns no single model, among it files whose names cannot be models' names.
    pub findings: Vec<Finding>,
}

/// A model with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredModel {
    /// Its name.
    pub name: ModelName,
    /// The configuration, relative to the repository.
    pub file: String,
}

/// Loads plans for the models that were asked for. All mistakes of all files are told at once.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let place = Place::find(sources)?;
    let files = ConfigFiles::find(&place.root, place.config_dir());
    let chosen = place.chosen(sources, &files)?;
    if let (Some(model), [first, _, ..]) = (&sources.model_argument, chosen.paths.as_slice()) {
        let number = chosen.paths.len();
        return Err(ConfigError::ModelForSeveral { model: model.clone(), number, first: stem(first).to_owned() });
    }
    let mut findings = place.findings.clone();
    findings.extend(chosen.findings);
    let mut models = Vec::new();
    for file in &chosen.paths {
        let text =
            fs::read_to_string(place.root.join(file)).map_err(|source| ConfigError::Unreadable { path: file.clone(), source })?;
        let (config, found) = peer::parse(&text, file);
        let broken = found.iter().any(Finding::is_error);
        findings.extend(found.iter().filter(|finding| finding.is_error()).cloned());
        if !broken {
            let name = model_name(file, &config);
            models.extend(place.model(sources, &name, &config, &mut findings)?.map(|model| with_findings(model, found)));
        }
    }
    if chosen.paths.is_empty() && sources.selected.is_none() && !findings.iter().any(Finding::is_error) {
        models.extend(place.model_without_file(sources, &mut findings)?);
    }
    let known = files.names().map(ModelName::as_str).chain(models.iter().map(|model| model.plan.name.as_str()));
    findings.extend(place.unknown_sections(&known.collect::<Vec<_>>()));
    let findings = place.adjusted(findings);
    if findings.iter().any(Finding::is_error) {
        return Err(ConfigError::Mistakes { findings });
    }
    Ok(Loaded { models, run: place.run_settings(sources), findings })
}

/// Loads what needs no model.
pub fn run_settings(sources: &Sources) -> Result<RunSettings, ConfigError> {
    let place = Place::find(sources)?;
    if place.findings.iter().any(Finding::is_error) {
        return Err(ConfigError::Mistakes { findings: place.findings });
    }
    Ok(place.run_settings(sources))
}

/// Looks which models have a configuration, without reading what these say.
pub fn configured(sources: &Sources) -> Result<Configured, ConfigError> {
    let place = Place::find(sources)?;
    let files = ConfigFiles::find(&place.root, place.config_dir());
    let mut findings = place.findings.clone();
    let names: Vec<&str> = files.names().map(ModelName::as_str).collect();
    if !names.is_empty() {
        findings.extend(place.unknown_sections(&names));
    }
    let findings = place.adjusted(findings);
    if findings.iter().any(Finding::is_error) {
        return Err(ConfigError::Mistakes { findings });
    }
    let findings = findings.into_iter().chain(place.adjusted(files.findings().cloned().collect())).collect();
    Ok(Configured { models: files.into_models(), run: place.run_settings(sources), findings })
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
