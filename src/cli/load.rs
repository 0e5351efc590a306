//! Flags, variables and files become loaded settings.

use cog_findings::text::count;
use cog_findings::{Finding, Severity};

use crate::cli::context::Context;
use crate::cli::docker_login;
use crate::cli::failure::Failure;
use crate::cli::located::Located;
use crate::cli::prepare;
use crate::cli::selection::{self, CHANGED};
use crate::cli::setting_flags::SettingFlags;
use crate::config::settings::Key;
use crate::config::{self, ConfigError, Configured, LoadedModel, RunSettings, Sources, UnconfiguredModel};
use crate::domain::identity::ModelRef;
use crate::domain::verdict::Verdict;
use crate::inspect::with_excerpt;
use crate::report::console;
use crate::select::Script;
use crate::support::ExposeSecret;

/// The models and settings of a command.
pub(super) struct CommandInputs {
    /// The models, in the order of the request. Empty if only changed models were requested and nothing has changed.
    pub(super) models: Vec<LoadedModel>,
    pub(super) run: RunSettings,
    /// The script that prepares the folder for a model.
    pub(super) script: Option<Script>,
    /// Notices about the run as a whole.
    pub(super) notices: Vec<String>,
}

/// Loads the models and settings of a run in the working folder. Several models are an error unless some were chosen.
pub(super) async fn load(models: Vec<String>, flags: SettingFlags, context: &Context) -> Result<CommandInputs, Failure> {
    load_from(requested(&models, flags, context)?, context).await
}

/// Loads the models and settings of a command that publishes nothing. Unless some were chosen, all models are loaded. A project need not
/// name its live model.
pub(super) async fn load_every(models: Vec<String>, flags: SettingFlags, context: &Context) -> Result<CommandInputs, Failure> {
    load_from(Sources { every_model: true, model_optional: true, ..requested(&models, flags, context)? }, context).await
}

/// Loads the models and settings of a command that only builds. The project need not name its live model.
pub(super) async fn load_to_build(models: Vec<String>, flags: SettingFlags, context: &Context) -> Result<CommandInputs, Failure> {
    load_from(Sources { model_optional: true, ..requested(&models, flags, context)? }, context).await
}

/// Loads the settings to verify a version. Its model may be the test model of a configuration.
pub(super) async fn load_for_version(model: String, flags: SettingFlags, context: &Context) -> Result<CommandInputs, Failure> {
    load_from(Sources { verified_model: Some(model), ..sources(None, flags, context) }, context).await
}

async fn load_from(mut sources: Sources, context: &Context) -> Result<CommandInputs, Failure> {
    // Its mistakes are reported below, with those of all other files.
    let configured = config::configured(&sources).ok();
    let script = match &configured {
        Some(configured) => script(&configured.run, context)?,
        None => None,
    };
    let mut notices: Vec<String> = Vec::new();
    if let Some(configured) =
        configured.as_ref().filter(|configured| configured.run.settings.models.as_deref().map(str::trim) == Some(CHANGED))
    {
        let selection = selection::select(configured, script.as_ref(), context).await?;
        notices.extend(selection.notices);
        sources.selected = Some(selection.names);
    }
    let mut loaded = config::load(&sources).map_err(|error| wrong(error, &sources, context))?;
    let secrets = loaded.run.settings.secret_variables.iter().filter_map(|name| context.environment.get(name));
    context.printer.redactor().learn(secrets);
    use_saved_login(&mut loaded.run, context);
    if let Some(configured) = configured.as_ref().filter(|_| script.is_some()) {
        attach(&mut loaded.models, &selection::doubts(configured, script.as_ref(), context));
    }
    if let Some(configured) = &configured {
        notices.extend(context.code_of(&configured.run.repository).why_foreign().map(foreign_notice));
    }
    for notice in &notices {
        context.printer.say(&format!("note: {notice}"));
    }
    notices.extend(print_findings(&loaded.findings, &loaded.run, context));
    Ok(CommandInputs { models: loaded.models, run: loaded.run, script, notices })
}

/// Without a CLI token, takes the one that `cog login` saved. Foreign code gets none.
fn use_saved_login(run: &mut RunSettings, context: &Context) {
    if run.tokens.cog.is_some() || context.code_of(&run.repository).why_foreign().is_some() {
        return;
    }
    run.tokens.cog = docker_login::password(&context.environment, &run.settings.replicate_registry);
    context.printer.redactor().learn(run.tokens.cog.iter().map(ExposeSecret::expose_secret));
}

/// The repository's select script; `None` where the code is somebody else's.
pub(super) fn script(run: &RunSettings, context: &Context) -> Result<Option<Script>, Failure> {
    if context.code_of(&run.repository).why_foreign().is_some() {
        return Ok(None);
    }
    let (named, variables) = (run.settings.select_script.as_deref(), context.environment.variables());
    let found = Script::find(&run.repository, named, variables, &context.launcher);
    found.map_err(prepare::failed)
}

/// The notice about a checkout of foreign code.
pub(super) fn foreign_notice(reason: &str) -> String {
    format!("{reason}. Models were taken from configurations, and no script of the repository was run.")
}

/// Adds findings to the models whose configurations they are about.
fn attach(models: &mut [LoadedModel], findings: &[Finding]) {
    for model in models {
        let is_its_own =
            |finding: &&Finding| finding.location.as_ref().map(|place| place.file.as_str()) == model.plan.config_file.as_deref();
        model.findings.extend(findings.iter().filter(is_its_own).cloned());
    }
}

/// Prints findings about the run as a whole, and returns them as lines for the report.
pub(super) fn print_findings(findings: &[Finding], run: &RunSettings, context: &Context) -> Vec<String> {
    let style = context.printer.progress_style();
    let located = Located::of(run, context);
    let findings: Vec<Finding> =
        findings.iter().map(|finding| located.finding(with_excerpt(finding.clone(), &run.repository))).collect();
    for finding in findings.iter().filter(|finding| finding.severity > Severity::Note || context.verbosity > 0) {
        context.printer.say(&console::finding(&context.printer.without_secrets(finding), style));
    }
    findings.iter().map(line).collect()
}

fn line(finding: &Finding) -> String {
    let place = finding.location.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    let hint = finding.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{}: {place}{}{hint}", finding.code, finding.message)
}

/// Lists the models of the repository.
pub(super) fn configured(flags: SettingFlags, context: &Context) -> Result<Configured, Failure> {
    let sources = sources(None, flags, context);
    config::configured(&sources).map_err(|error| wrong(error, &sources, context))
}

/// Where the configuration of a new model goes.
pub(super) fn new_model(model: &ModelRef, context: &Context) -> Result<UnconfiguredModel, Failure> {
    let sources = sources(None, SettingFlags::default(), context);
    config::new_model(&sources, model).map_err(|error| wrong(error, &sources, context))
}

/// Loads the settings of a command that needs no model.
pub(super) fn settings_only(flags: SettingFlags, context: &Context) -> Result<RunSettings, Failure> {
    let sources = sources(None, flags, context);
    config::run_settings(&sources).map_err(|error| wrong(error, &sources, context))
}

/// Like [`settings_only`], for a command that pushes or looks at the tokens.
pub(super) fn settings_with_tokens(flags: SettingFlags, context: &Context) -> Result<RunSettings, Failure> {
    let mut run = settings_only(flags, context)?;
    use_saved_login(&mut run, context);
    Ok(run)
}

/// Settings for reporting a failure: what can be read of them, and defaults for the rest. `with_files` says whether the checkout is read.
pub(super) fn settings_for_reports(with_files: bool, context: &Context) -> RunSettings {
    config::settings_as_far_as_possible(sources(None, SettingFlags::default(), context), with_files)
}

/// The sources of a command line that names models: one as OWNER/NAME, or some by the names of their configurations.
fn requested(models: &[String], flags: SettingFlags, context: &Context) -> Result<Sources, Failure> {
    match models {
        [] => Ok(sources(None, flags, context)),
        [one] if one.contains('/') => Ok(sources(Some(one.clone()), flags, context)),
        _ if models.iter().any(|model| model.contains('/')) => {
            let failure = Failure::request(format!("{} are named, and one of them as OWNER/NAME", count(models.len(), "model")));
            Err(failure.hint("name one model as OWNER/NAME, or several by the names of their configurations"))
        }
        _ => {
            let mut sources = sources(None, flags, context);
            if sources.flags.0.contains_key(&Key::models) {
                let failure = Failure::request(format!("--models is set, and so is {}", models.join(" ")));
                return Err(failure.hint("name the models in one of the two ways"));
            }
            sources.flags.0.insert(Key::models, vec![models.join(",")]);
            Ok(sources)
        }
    }
}

fn sources(model: Option<String>, flags: SettingFlags, context: &Context) -> Sources {
    Sources {
        repository: context.environment.folder().to_owned(),
        environment: context.environment.variables().clone(),
        action: context.action.is_some(),
        flags: flags.into_flags(),
        model_argument: model,
        ..Sources::default()
    }
}

fn wrong(error: ConfigError, sources: &Sources, context: &Context) -> Failure {
    let run = config::settings_as_far_as_possible(sources.clone(), false);
    let folder = match &run.settings.working_directory {
        Some(folder) => context.environment.folder().join(folder),
        None => context.environment.folder().to_owned(),
    };
    let located = Located::of(&run, context);
    let findings = error.findings().into_iter().map(|finding| located.finding(with_excerpt(finding, &folder))).collect();
    Failure { verdict: Verdict::Misconfigured, hint: error.hint(), error: error.into(), findings }
}

/// Loads the settings that the files of the working folder hold.
pub(super) async fn load_plain(context: &Context) -> Result<CommandInputs, Failure> {
    load(Vec::new(), SettingFlags::default(), context).await
}
