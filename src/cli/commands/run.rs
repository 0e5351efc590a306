//! `run`: build, stage, verify, publish.

use std::path::Path;

use crate::cli::action::{ActionRun, ActionStep, Decision, Situation, decide, refusal};
use crate::cli::arguments::RunArguments;
use crate::cli::conclude::{conclude, deliver, nothing_to_do, options, without_models, without_secrets};
use crate::cli::context::Context;
use crate::cli::execute::execute;
use crate::cli::failure::Failure;
use crate::cli::keys;
use crate::cli::load::{self, Loaded};
use crate::cli::prepare;
use crate::cli::services::{self, Connected};
use crate::config::{LoadedModel, Trigger};
use crate::domain::choice::Choice as _;
use crate::domain::plan::{ModelPlan, PublishMode};
use crate::domain::report::RunReport;
use crate::domain::verdict::Verdict;
use crate::pipeline::{self, Goal};
use crate::report::json::run_json;

/// A larger `cog.yaml` is not a configuration.
const CONFIG_BYTES: u64 = 4 * 1024 * 1024;

pub(super) async fn run(arguments: RunArguments, context: &Context) -> Result<Verdict, Failure> {
    let on_sandbox = arguments.sandbox;
    if let Some(action) = &context.action {
        refuse(action)?;
    }
    let mut loaded = load::load(arguments.model, arguments.settings, context).await?;
    loaded.notices.extend(keys::recover_from_kill(&loaded.models, context)?);
    if let Some(action) = &context.action {
        return as_action(loaded, on_sandbox, action, context).await;
    }
    if loaded.models.is_empty() {
        return Ok(nothing_to_do(&loaded, context));
    }
    let folder = loaded.run.settings.report_dir.clone();
    let report = if on_sandbox { in_sandbox(loaded, context).await? } else { on_replicate(loaded, context).await? };
    Ok(conclude(&report, &folder, context))
}

async fn on_replicate(loaded: Loaded, context: &Context) -> Result<RunReport, Failure> {
    let connected = services::replicate(&loaded.run, &plans(&loaded), context).await?;
    Ok(published(loaded, connected, context).await)
}

async fn in_sandbox(loaded: Loaded, context: &Context) -> Result<RunReport, Failure> {
    let connected = services::sandbox(&loaded.run, &plans(&loaded), context).await?;
    Ok(published(loaded, connected, context).await)
}

fn plans(loaded: &Loaded) -> Vec<ModelPlan> {
    loaded.models.iter().map(|model| model.plan.clone()).collect()
}

async fn published(loaded: Loaded, mut connected: Connected, context: &Context) -> RunReport {
    connected.notices.extend(loaded.notices);
    let observer = context.observer();
    let (mut runs, preparation) = prepare::runs(loaded.models, loaded.script.as_ref(), &loaded.run.settings.config_dir, &observer);
    keys::attach(&mut runs, &observer, context);
    let mut report = execute(runs, &connected, &*observer, context).await;
    connected.close().await;
    preparation.finish(&mut report);
    report
}

async fn without_build(mut loaded: Loaded, notices: Vec<String>, context: &Context) -> Result<RunReport, Failure> {
    let services = services::for_check(&loaded.run, context)?;
    loaded.notices.extend(notices);
    let options = options(loaded.notices);
    let observer = context.observer();
    let (runs, preparation) = prepare::runs(loaded.models, loaded.script.as_ref(), &loaded.run.settings.config_dir, &observer);
    let mut report = pipeline::run(runs, Goal::Check(&services), &options, &*observer, &context.cancelled).await;
    preparation.finish(&mut report);
    Ok(report)
}

/// Ends a run that the event alone forbids, before a file of the repository is read.
fn refuse(action: &ActionStep) -> Result<(), Failure> {
    let event = action.event();
    match refusal(&event.name, event.is_fork) {
        Some(reason) => Err(Failure::request(format!("nothing is done on {}: {reason}", event.name))),
        None => Ok(()),
    }
}

/// Runs what the event that started the workflow asks for, and reports it to GitHub.
async fn as_action(mut loaded: Loaded, on_sandbox: bool, action: &ActionStep, context: &Context) -> Result<Verdict, Failure> {
    let event = action.event();
    let tokens = &loaded.run.tokens;
    let decision = decide(Situation {
        event: &event.name,
        trigger: loaded.run.settings.trigger_type.map(Trigger::name),
        is_fork: event.is_fork,
        is_foreign: context.code_of(&loaded.run.repository).why_foreign().is_some(),
        has_tokens: on_sandbox || (tokens.replicate.is_some() && tokens.cog.is_some()),
    });
    if let Decision::Refuse(reason) = decision {
        return Err(Failure::request(format!("nothing is done on {}: {reason}", event.name)));
    }
    let github = action.github(tokens.github.clone(), loaded.run.settings.github_api_url.clone())?;
    if decision != Decision::Publish {
        loaded.models.iter_mut().for_each(only_tested);
    }
    let names: Vec<String> = loaded.models.iter().map(|model| model.plan.name.clone()).collect();
    let folder = loaded.run.settings.report_dir.clone();
    let is_foreign = context.code_of(&loaded.run.repository).why_foreign().is_some();
    let shown = ActionRun::begin(action.clone(), event, github, &names, loaded.run.settings.comment).await;
    let done = match decision {
        _ if loaded.models.is_empty() => Ok(without_models(&loaded)),
        Decision::Check => without_build(loaded, Vec::new(), context).await,
        Decision::Offline => offline(loaded, is_foreign, context).await,
        _ if on_sandbox => in_sandbox(loaded, context).await,
        _ => on_replicate(loaded, context).await,
    };
    let report = match done {
        Ok(report) => report,
        Err(failure) => {
            shown.fail(&failure.chain(), failure.verdict).await;
            return Err(failure);
        }
    };
    let run = without_secrets(run_json(&report), &context.printer);
    let delivered = deliver(&run, &folder, context);
    shown.end(&run, delivered).await;
    Ok(report.verdict)
}

fn only_tested(model: &mut LoadedModel) {
    model.plan.publish = PublishMode::TestOnly;
}

/// Runs without Replicate and without any token. Models that need no GPU run in the sandbox if there is a Docker daemon.
///
/// Foreign files may name build secrets, and with them any variable or file of this step.
async fn offline(mut loaded: Loaded, is_foreign: bool, context: &Context) -> Result<RunReport, Failure> {
    loaded.run.tokens = crate::config::Tokens::default();
    let notice = |reason: &str, what: &str| {
        vec![format!(
            "There are no tokens for Replicate in this run (foreign code gets none){reason}, so {what} were only checked."
        )]
    };
    let needs_gpu = loaded.models.iter().any(uses_gpu);
    if needs_gpu {
        return without_build(loaded, notice("", "models that need a GPU"), context).await;
    }
    if is_foreign && loaded.models.iter().any(|model| !model.plan.build.secrets.is_empty()) {
        return without_build(loaded, notice("", "models whose builds need secrets"), context).await;
    }
    if loaded.models.iter().any(|model| model.plan.two_pass) {
        return without_build(loaded, notice("", "models whose tests need a key"), context).await;
    }
    match services::docker(&loaded.run).await {
        Ok(_) => in_sandbox(loaded, context).await,
        Err(failure) => {
            context.printer.say(&format!("note: {}", failure.chain()));
            without_build(loaded, notice(" and no Docker daemon", "models"), context).await
        }
    }
}

/// Whether a model's `cog.yaml` asks for a GPU. One that cannot be read does, so that it is only checked.
fn uses_gpu(model: &LoadedModel) -> bool {
    let text = repository_files::read_text(&model.plan.project, Path::new("cog.yaml"), CONFIG_BYTES).unwrap_or_default();
    cog_source::config::parse(&text, "cog.yaml").config.is_none_or(|config| config.build.gpu)
}
