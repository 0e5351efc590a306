//! What a request for models means: names from configurations and the select script, and files that have changed.

mod github;

use std::collections::BTreeMap;

use cog_findings::Finding;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::config::{ConfigError, Configured};
use crate::domain::model_name::ModelName;
use crate::domain::verdict::Verdict;
use crate::select::changed::{ChangedFiles, ChangedModels, GitRepository, ModelFiles, SharedFiles, changed, changed_since};
use crate::select::{Script, ScriptNames, SelectError, choose, differences};

/// The word for models whose files have changed.
pub(super) const CHANGED: &str = "changed";

/// The repository's own settings, which concern every model.
const SETTINGS_FILE: &str = ".safe-push.yaml";

/// The models of a request.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub(super) names: Vec<ModelName>,
    /// Why each of them counts as changed, for the request `changed`.
    pub(super) reasons: BTreeMap<String, String>,
    /// Notices for the report.
    pub(super) notices: Vec<String>,
    /// Findings about names.
    pub(super) findings: Vec<Finding>,
}

/// Decides which models are meant; all of them when nothing is said. Which files have changed is asked of GitHub in a workflow, and of git
/// elsewhere.
pub(super) async fn select(configured: &Configured, script: Option<&Script>, context: &Context) -> Result<Selection, Failure> {
    let scripted = script_names(script, context);
    let request = configured.run.settings.models.as_deref().unwrap_or("all").trim();
    let mut findings = configured.findings.clone();
    if let Some(script) = script {
        findings.extend(scripted.findings.clone());
        findings.extend(differing(configured, script, &scripted));
    }
    if request == "all" {
        reject_mistakes(&findings, |_| true)?;
    }
    let names: Vec<ModelName> = configured.models.iter().map(|model| model.name.clone()).collect();
    if names.is_empty() && matches!(request, "all" | CHANGED) {
        let folder = &configured.run.settings.config_dir;
        return Err(Failure::request(format!(
            "no model has a configuration: there is neither cog-safe-push.yaml nor a file in {folder}"
        ))
        .hint("write one with `safe-push init OWNER/NAME`, or name the folder with --config-dir"));
    }
    if request == CHANGED {
        let files = match github::changed_files(configured, context).await {
            Some(files) => files,
            None => by_git(configured, context),
        };
        // A model that cannot be read would count as unchanged. Other people's mistakes hold nobody up.
        reject_mistakes(&findings, |finding| finding.location.as_ref().is_none_or(|place| files.may_include(&place.file)))?;
        let changed = of_changed_files(configured, script, &files);
        let reasons = changed.models.iter().map(|(name, reason)| (name.to_string(), reason.clone())).collect();
        let nothing = changed.models.is_empty().then(|| "no model has changed".to_owned());
        let notices = changed.notice.into_iter().chain(nothing).collect();
        return Ok(Selection { names: changed.models.into_iter().map(|(name, _)| name).collect(), reasons, notices, findings });
    }
    let names = choose(request, &names).map_err(|error| unknown(error, configured, &scripted))?;
    Ok(Selection { names, findings, ..Selection::default() })
}

/// An error that names all findings if one of them is an error that concerns the request.
fn reject_mistakes(findings: &[Finding], concerns_request: impl Fn(&Finding) -> bool) -> Result<(), Failure> {
    if !findings.iter().any(|finding| finding.is_error() && concerns_request(finding)) {
        return Ok(());
    }
    let findings = findings.to_vec();
    let error = ConfigError::Mistakes { findings: findings.clone() };
    Err(Failure { findings, ..Failure::new(Verdict::Misconfigured, error) })
}

/// The names that the script knows.
fn script_names(script: Option<&Script>, context: &Context) -> ScriptNames {
    script.map(|script| script.names(&|| context.cancelled.is_cancelled())).unwrap_or_default()
}

fn differing(configured: &Configured, script: &Script, scripted: &ScriptNames) -> Vec<Finding> {
    let folder = &configured.run.settings.config_dir;
    // The file `cog-safe-push.yaml` at the top has no name that a script could know.
    let in_folder = configured.models.iter().filter(|model| model.file.starts_with(folder.as_str()));
    let names: Vec<(ModelName, String)> = in_folder.map(|model| (model.name.clone(), model.file.clone())).collect();
    differences(&names, scripted, script.path(), folder)
}

/// Findings about models to be run that the script does not seem to know.
pub(super) fn doubts(configured: &Configured, script: Option<&Script>, context: &Context) -> Vec<Finding> {
    let Some(script) = script else { return Vec::new() };
    let scripted = script_names(Some(script), context);
    let findings = differing(configured, script, &scripted);
    findings.into_iter().filter(|finding| finding.location.as_ref().is_some_and(|place| place.file != script.path())).collect()
}

/// Which files differ from the base.
fn by_git(configured: &Configured, context: &Context) -> ChangedFiles {
    let run = &configured.run;
    let cancelled = || context.cancelled.is_cancelled();
    let environment = context.environment.variables();
    let repository = GitRepository { folder: &run.repository, environment, cancelled: &cancelled, launcher: &context.launcher };
    changed_since(repository, run.settings.base.as_deref())
}

/// Which models these files concern.
fn of_changed_files(configured: &Configured, script: Option<&Script>, files: &ChangedFiles) -> ChangedModels {
    let run = &configured.run;
    let models: Vec<ModelFiles<'_>> = configured
        .models
        .iter()
        .map(|model| ModelFiles {
            name: &model.name,
            config_file: &model.file,
            context: &model.context,
            paths: run.paths.of_model(model.name.as_str()),
        })
        .collect();
    let shared: Vec<&str> = std::iter::once(SETTINGS_FILE).chain(script.map(Script::path)).collect();
    changed(&models, SharedFiles { files: &shared, config_dir: &run.settings.config_dir }, files)
}

/// A name that only the script knows lacks a configuration, which may be in another folder.
fn unknown(error: SelectError, configured: &Configured, scripted: &ScriptNames) -> Failure {
    let error = match error {
        SelectError::Unknown { name, .. } if scripted.names.iter().flatten().any(|scripted| scripted.as_str() == name) => {
            let candidate = candidate(configured, &name);
            SelectError::WithoutConfiguration { folder: configured.run.settings.config_dir.clone(), candidate, name }
        }
        other => other,
    };
    let hint = error.hint();
    Failure::new(Verdict::Misconfigured, error).maybe_hint(hint)
}

/// A file of that name in a folder that is called like one for configurations of safe pushes.
fn candidate(configured: &Configured, name: &str) -> Option<String> {
    let folders = std::fs::read_dir(&configured.run.repository).ok()?.flatten();
    let mut names: Vec<String> = folders.filter_map(|folder| folder.file_name().into_string().ok()).collect();
    names.sort();
    let files = names.into_iter().filter(|folder| folder.contains("safe-push")).map(|folder| format!("{folder}/{name}.yaml"));
    files.into_iter().find(|file| configured.run.repository.join(file).is_file())
}
