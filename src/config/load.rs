//! Loads plans from files, variables, inputs and flags.

use cog_findings::Finding;
use repository_files::FileError;

use crate::config::ConfigError;
use crate::config::files::{ConfigFiles, DEFAULT_CONFIG, read_text, stem};
use crate::config::loaded::{Configured, LoadedModel, LoadedModels, UnconfiguredModel};
use crate::config::model_file::{self, ModelFile};
use crate::config::model_roles::{self, ModelRoles};
use crate::config::reader;
use crate::config::repository::{self, ConfiguredRepository};
use crate::config::sources::{RunSettings, Sources};
use crate::config::tokens::Tokens;
use crate::domain::identity::ModelRef;
use crate::domain::model_name::ModelName;

/// Loads plans for the requested models. All mistakes of all files are reported at once.
pub fn load(sources: &Sources) -> Result<LoadedModels, ConfigError> {
    let repository = ConfiguredRepository::open(sources)?;
    let files = repository.files();
    let chosen = repository.chosen(sources, &files)?;
    if let (Some(model), [first, _, ..]) = (&sources.model_argument, chosen.paths.as_slice()) {
        let number = chosen.paths.len();
        return Err(ConfigError::ModelForSeveral { model: model.clone(), number, first: stem(first).to_owned() });
    }
    let mut findings = repository.findings.clone();
    findings.extend(chosen.findings);
    let (mut models, mut roles) = (Vec::new(), Vec::new());
    for file in &chosen.paths {
        let (config, found) = read_model(&repository, file)?;
        let broken = found.iter().any(Finding::is_error);
        findings.extend(found.iter().filter(|finding| finding.is_error()).cloned());
        if !broken {
            let name = model_name(file, &config);
            let resolved = repository.model(sources, &name, &config, &mut findings)?;
            let (model, of_model) = resolved.map(|(model, of_model)| (with_findings(model, found), of_model)).unzip();
            models.extend(model);
            roles.extend(of_model);
        }
    }
    if !findings.iter().any(Finding::is_error) {
        for named in &chosen.without_file {
            // Nothing is staged or published for a test of a live version, so it may be a model of another configuration.
            models.extend(repository.model_without_file(sources, Some(named), &mut findings)?.map(|(model, _roles)| model));
        }
        if chosen.paths.is_empty() && chosen.without_file.is_empty() && sources.selected.is_none() {
            let (model, of_model) = repository.model_without_file(sources, None, &mut findings)?.unzip();
            models.extend(model);
            roles.extend(of_model);
        }
    }
    findings.extend(model_roles::across(&roles, &other_roles(&repository, &files, &chosen.paths)));
    let known = files.names().map(ModelName::as_str).chain(models.iter().map(|model| model.plan.name.as_str()));
    findings.extend(repository.unknown_sections(&known.collect::<Vec<_>>()));
    let findings = repository.adjusted(findings);
    if findings.iter().any(Finding::is_error) {
        return Err(ConfigError::Mistakes { findings });
    }
    Ok(LoadedModels { models, run: repository.run_settings(sources), findings })
}

/// Where to write the configuration of a model that has none yet, and where its project is.
pub fn new_model(sources: &Sources, model: &ModelRef) -> Result<UnconfiguredModel, ConfigError> {
    let repository = ConfiguredRepository::open(sources)?;
    if repository.findings.iter().any(Finding::is_error) {
        return Err(ConfigError::Mistakes { findings: repository.findings });
    }
    let name: Option<ModelName> = model.name().parse().ok();
    // A file at the top takes precedence over the folder, so one in the folder would not be read.
    let is_at_the_top = repository.root.join(DEFAULT_CONFIG).is_file();
    let file = match name.filter(|_| !is_at_the_top) {
        Some(name) => format!("{}/{name}.yaml", repository.config_dir()),
        None => DEFAULT_CONFIG.to_owned(),
    };
    let (place, findings) = repository.place_of_new(model, &file);
    let (path, project) = (repository.root.join(&file), repository.root.join(&place.context));
    Ok(UnconfiguredModel { repository: repository.root, path, project, place, findings })
}

/// Loads the settings of a run, without its models.
pub fn run_settings(sources: &Sources) -> Result<RunSettings, ConfigError> {
    let repository = ConfiguredRepository::open(sources)?;
    if repository.findings.iter().any(Finding::is_error) {
        return Err(ConfigError::Mistakes { findings: repository.findings });
    }
    Ok(repository.run_settings(sources))
}

/// The settings of a run that failed: whatever can be read of them. A variable that is wrong counts as unset.
pub fn settings_as_far_as_possible(mut sources: Sources, with_files: bool) -> RunSettings {
    loop {
        let read = match with_files {
            true => ConfiguredRepository::open(&sources).map(|repository| repository.run_settings(&sources)),
            false => repository::settings_from_outside(&sources),
        };
        let wrong = match read {
            Ok(settings) => return settings,
            Err(ConfigError::BadSetting { source_name, .. }) => source_name,
            Err(_) => String::new(),
        };
        if sources.environment.remove(&wrong).is_none() {
            return RunSettings { tokens: Tokens::find(&sources.environment, sources.action), ..RunSettings::default() };
        }
    }
}

/// Lists the models that have a configuration. [`load`] reports mistakes in the configurations.
pub fn configured(sources: &Sources) -> Result<Configured, ConfigError> {
    let repository = ConfiguredRepository::open(sources)?;
    let files = repository.files();
    let mut findings = repository.findings.clone();
    let names: Vec<&str> = files.names().map(ModelName::as_str).collect();
    if !names.is_empty() {
        findings.extend(repository.unknown_sections(&names));
    }
    let findings = repository.adjusted(findings);
    if findings.iter().any(Finding::is_error) {
        return Err(ConfigError::Mistakes { findings });
    }
    let findings = findings.into_iter().chain(repository.adjusted(files.findings().cloned().collect())).collect();
    let mut models = files.into_models();
    for model in &mut models {
        model.context = repository.context_of(model);
    }
    Ok(Configured { models, run: repository.run_settings(sources), findings })
}

fn read_model(repository: &ConfiguredRepository, file: &str) -> Result<(ModelFile, Vec<Finding>), ConfigError> {
    match read_text(&repository.root, file) {
        Ok(text) => Ok(model_file::parse(&text, file)),
        Err(error @ FileError::NotText { .. }) => Ok((ModelFile::default(), vec![reader::not_text(&error, file)])),
        Err(error) => Err(ConfigError::Unreadable { path: file.to_owned(), source: error.into() }),
    }
}

/// The models of configurations that were not chosen. A configuration that cannot be read matters only when it is chosen.
fn other_roles(repository: &ConfiguredRepository, files: &ConfigFiles, chosen: &[String]) -> Vec<ModelRoles> {
    let is_chosen = |path: &str| chosen.iter().any(|chosen| chosen.strip_prefix("./").unwrap_or(chosen) == path);
    let mut paths: Vec<&str> = files.paths().chain([DEFAULT_CONFIG]).filter(|path| !is_chosen(path)).collect();
    paths.dedup();
    let read = paths.into_iter().filter_map(|path| Some((path, read_model(repository, path).ok()?.0)));
    read.map(|(path, config)| ModelRoles::of_file(&model_name(path, &config), &config)).collect()
}

fn with_findings(mut model: LoadedModel, found: Vec<Finding>) -> LoadedModel {
    model.findings.splice(0..0, found);
    model
}

/// The stem of the file. `cog-safe-push.yaml` is named after its model, or after its folder if it is in one.
fn model_name(file: &str, config: &ModelFile) -> String {
    let beside = file.strip_suffix(DEFAULT_CONFIG).and_then(|folder| folder.strip_suffix('/'));
    let folder = beside.and_then(|folder| folder.rsplit('/').next()).and_then(|name| name.parse::<ModelName>().ok());
    match (file, &config.model, folder) {
        (DEFAULT_CONFIG, Some(model), _) => model.name().to_owned(),
        (_, _, Some(folder)) => folder.to_string(),
        _ => stem(file).to_owned(),
    }
}
