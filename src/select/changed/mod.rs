//! `changed`: which models a list of changed files concerns.
//!
//! If the list is unknown, or may lack files, every model counts as changed: testing a model in vain costs less than publishing an untested
//! one.

mod files;
mod git;

pub use files::{ChangedFile, ChangedFiles, FileStatus, ListSource};
pub use git::{GitRepository, changed_since, folder_in_checkout};

use crate::domain::model_name::ModelName;
use crate::domain::project_place::below;
use crate::support::path_patterns::PathPatterns;

#[derive(Debug, Clone)]
pub struct ModelFiles<'a> {
    pub name: &'a ModelName,
    /// Its configuration, relative to the repository.
    pub config_file: &'a str,
    /// The folder that is built, relative to the repository; empty for the repository itself.
    pub context: &'a str,
    /// The files that it is made of. Without patterns: every file in its folder, except configurations of other models.
    pub paths: Option<&'a PathPatterns>,
}

/// What concerns every model, and where the others' configurations are.
#[derive(Debug, Clone, Copy)]
pub struct SharedFiles<'a> {
    /// Files that concern every model: `.safe-push.yaml`, the select script.
    pub files: &'a [&'a str],
    /// The folder with configurations.
    pub config_dir: &'a str,
}

/// The models that have changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangedModels {
    /// Their names, in the order of the models, each with the reason.
    pub models: Vec<(ModelName, String)>,
    /// Why all models count as changed without being compared.
    pub notice: Option<String>,
}

/// Decides which models have changed.
pub fn changed(models: &[ModelFiles<'_>], shared: SharedFiles<'_>, files: &ChangedFiles) -> ChangedModels {
    let doubt = match files {
        ChangedFiles::Unknown { reason } => Some(reason.clone()),
        ChangedFiles::Known { source, files, is_complete } => source.doubt(files.len(), *is_complete),
    };
    if let Some(reason) = doubt {
        let notice = format!("every model counts as changed: {reason}");
        return ChangedModels {
            models: models.iter().map(|model| (model.name.clone(), reason.clone())).collect(),
            notice: Some(notice),
        };
    }
    let paths: Vec<&str> = files.paths().collect();
    let concerned = models.iter().filter_map(|model| {
        let path = paths.iter().find(|path| concerns(path, model, shared))?;
        Some((model.name.clone(), format!("{path} has changed")))
    });
    ChangedModels { models: concerned.collect(), notice: None }
}

fn concerns(path: &str, model: &ModelFiles<'_>, shared: SharedFiles<'_>) -> bool {
    if path == model.config_file || shared.files.contains(&path) {
        return true;
    }
    match model.paths {
        Some(paths) => paths.matches(path),
        // Files outside the repository's folder are in no build context.
        None => !path.starts_with("../") && below(path, model.context).is_some() && !is_configuration(path, shared.config_dir),
    }
}

/// Whether a file is some model's configuration.
fn is_configuration(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    rest.is_some_and(|file| !file.contains('/') && ModelName::of_file(file).is_some())
}

#[cfg(test)]
mod tests;
