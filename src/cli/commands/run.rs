//! `run`: build, stage, verify, publish.

use crate::cli::action::{ActionRun, ActionStep, CommentWish, Decision};
use crate::cli::alerts;
use crate::cli::arguments::RunArguments;
use crate::cli::conclude::{
    conclude, deliver, deliver_files, finished_run, nothing_to_do, options, probe_report_folder, without_models,
};
use crate::cli::context::Context;
use crate::cli::decision::{Decided, decided, needs_trust, refuse_event, refuse_thwarted};
use crate::cli::execute::execute;
use crate::cli::failure::Failure;
use crate::cli::failure_report;
use crate::cli::keys;
use crate::cli::load::{self, CommandInputs};
use crate::cli::located::Located;
use crate::cli::notify;
use crate::cli::prepare::{self, model_run};
use crate::cli::promotion;
use crate::cli::services::{self, Connected};
use crate::config::{RunSettings, VerifyMode};
use crate::domain::plan::ModelPlan;
use crate::domain::report::{ErrorReport, RunReport};
use crate::domain::verdict::Verdict;
use crate::pipeline::{self, Goal};

pub(super) async fn run(arguments: RunArguments, context: &Context) -> Result<Verdict, Failure> {
    let ended = begin(arguments, context).await;
    if let Err(failure) = &ended {
        deliver_failure(failure, context).await;
    }
    ended
}

/// Notifies of a run without a result. An event on which nothing may be done is left out: whoever may start one could send any number.
async fn deliver_failure(failure: &Failure, context: &Context) {
    if refuse_event(context).is_err() {
        return;
    }
    let RunSettings { settings, tokens, .. } = load::settings_for_reports(true, context);
    let run = failure_report::failed_run_here(failure, context);
    notify::send(&run, tokens.notify.as_ref(), context).await;
    if settings.verify == VerifyMode::Live {
        // A pager that cannot be set up was the failure.
        let pager = alerts::pager(&tokens, context).ok().flatten();
        alerts::send_of_run(pager.as_ref(), &run, notify::page(context).as_deref(), context).await;
    }
}

async fn begin(arguments: RunArguments, context: &Context) -> Result<Verdict, Failure> {
    let on_sandbox = arguments.sandbox;
    refuse_event(context)?;
    let mut loaded = load::load(arguments.named, arguments.settings, context).await?;
    loaded.notices.extend(keys::recover_from_kill(&loaded.models, context)?);
    refuse_thwarted(&loaded.run, on_sandbox, context)?;
    let decided = decided(&loaded.run, on_sandbox, context)?;
    decided.restrict(&mut loaded.models);
    if let Some(restriction) = &decided.restriction {
        let notice = format!("Nothing is published: {restriction}.");
        context.printer.say(&format!("note: {notice}"));
        loaded.notices.push(notice);
    }
    if !loaded.models.is_empty() {
        probe_report_folder(&loaded.run.settings.report_dir, context);
    }
    if let Some(action) = &context.action {
        return as_action(loaded, decided, on_sandbox, action, context).await;
    }
    if loaded.models.is_empty() {
        return Ok(nothing_to_do(&loaded, context));
    }
    let folder = loaded.run.settings.report_dir.clone();
    let notify_url = loaded.run.tokens.notify.clone();
    let located = Located::of(&loaded.run, context);
    let mut report = as_decided(loaded, decided.decision, decided.is_foreign, on_sandbox, context).await?;
    located.report(&mut report);
    let verdict = conclude(&report, &folder, context);
    notify::send_report(&report, notify_url.as_ref(), context).await;
    Ok(verdict)
}

/// Runs as far as the event allows.
async fn as_decided(
    loaded: CommandInputs,
    decision: Decision,
    is_foreign: bool,
    on_sandbox: bool,
    context: &Context,
) -> Result<RunReport, Failure> {
    let tests_live = loaded.run.settings.verify == VerifyMode::Live && !is_foreign;
    match decision {
        Decision::Refuse(reason) => Err(Failure::request(reason)),
        // Its inputs are the repository's own, and nothing is built: any event may.
        _ if tests_live => of_live(loaded, context).await,
        Decision::Check => {
            let is_blind = context.environment.is_workflow() && loaded.run.tokens.replicate.is_none();
            let mut report = without_build(loaded, Vec::new(), context).await?;
            if is_blind {
                say_nothing_was_compared(&mut report, context);
            }
            Ok(report)
        }
        Decision::Offline => offline(loaded, is_foreign, context).await,
        Decision::Test | Decision::Publish if on_sandbox => in_sandbox(loaded, context).await,
        Decision::Test | Decision::Publish => on_replicate(loaded, context).await,
    }
}

/// A scheduled run should notice when the live version and the repository no longer match. Without a token it cannot, and a green run would
/// hide that.
fn say_nothing_was_compared(report: &mut RunReport, context: &Context) {
    let failure = services::no_token(context, None);
    for model in report.models.iter_mut().filter(|model| model.verdict == Verdict::Passed) {
        model.verdict = failure.verdict;
        model.error = Some(ErrorReport { message: failure.message(), hint: failure.hint.clone() });
    }
    report.verdict = report.models.iter().map(|model| model.verdict).max().unwrap_or(report.verdict);
}

/// Tests the live versions.
async fn of_live(loaded: CommandInputs, context: &Context) -> Result<RunReport, Failure> {
    if loaded.run.tokens.replicate.is_none() {
        return Err(services::no_token(context, None));
    }
    let services = services::for_verification(&loaded.run, context)?;
    let observer = Located::of(&loaded.run, context).observer(context.observer());
    let (options, models) = (options(loaded.notices), loaded.models.into_iter().map(model_run).collect());
    Ok(pipeline::verify_live(models, &services, &options, &*observer, &context.cancelled).await)
}

async fn on_replicate(loaded: CommandInputs, context: &Context) -> Result<RunReport, Failure> {
    let connected = services::replicate(&loaded.run, &plans(&loaded), context).await?;
    Ok(published(loaded, connected, context).await)
}

async fn in_sandbox(loaded: CommandInputs, context: &Context) -> Result<RunReport, Failure> {
    let connected = services::sandbox(&loaded.run, &plans(&loaded), context).await?;
    Ok(published(loaded, connected, context).await)
}

fn plans(loaded: &CommandInputs) -> Vec<ModelPlan> {
    loaded.models.iter().map(|model| model.plan.clone()).collect()
}

async fn published(loaded: CommandInputs, mut connected: Connected, context: &Context) -> RunReport {
    connected.notices.extend(loaded.notices);
    let observer = Located::of(&loaded.run, context).observer(context.observer());
    let (mut runs, preparation) = prepare::runs(loaded.models, loaded.script.as_ref(), &loaded.run.settings.config_dir, &observer);
    keys::attach(&mut runs, &observer, context);
    promotion::attach(&mut runs, &loaded.run, context);
    let mut report = execute(runs, &connected, &*observer, context).await;
    connected.close().await;
    preparation.finish(&mut report);
    report
}

async fn without_build(mut loaded: CommandInputs, notices: Vec<String>, context: &Context) -> Result<RunReport, Failure> {
    let services = services::for_check(&loaded.run, context)?;
    loaded.notices.extend(notices);
    let options = options(loaded.notices);
    let observer = Located::of(&loaded.run, context).observer(context.observer());
    let (runs, preparation) = prepare::runs(loaded.models, loaded.script.as_ref(), &loaded.run.settings.config_dir, &observer);
    let mut report = pipeline::run(runs, Goal::Check(&services), &options, &*observer, &context.cancelled).await;
    preparation.finish(&mut report);
    Ok(report)
}

/// Runs what the event that started the workflow allows, and reports it to GitHub.
async fn as_action(
    loaded: CommandInputs,
    Decided { decision, event, is_foreign, .. }: Decided,
    on_sandbox: bool,
    action: &ActionStep,
    context: &Context,
) -> Result<Verdict, Failure> {
    let github = action.github(loaded.run.tokens.github.clone(), loaded.run.settings.github_api_url.clone())?;
    let names: Vec<String> = loaded.models.iter().map(|model| model.plan.name.clone()).collect();
    let folder = loaded.run.settings.report_dir.clone();
    let notify_url = loaded.run.tokens.notify.clone();
    let pager = if loaded.run.settings.verify == VerifyMode::Live { alerts::pager(&loaded.run.tokens, context)? } else { None };
    let shown = ActionRun::begin(action.clone(), event, github, &names, CommentWish::of(&loaded.run.settings)).await;
    let located = Located::of(&loaded.run, context);
    let done = match loaded.models.is_empty() {
        true => Ok(without_models(&loaded)),
        false => as_decided(loaded, decision, is_foreign, on_sandbox, context).await,
    };
    let (run, delivered) = match done {
        Ok(mut report) => {
            located.report(&mut report);
            let run = finished_run(&report, context);
            let delivered = deliver(&run, &folder, context);
            (run, delivered)
        }
        Err(failure) => {
            failure_report::print(&failure, &context.printer);
            let run = failure_report::failed_run_here(&failure, context);
            let delivered = deliver_files(&run, &folder, context).1;
            (run, delivered)
        }
    };
    let verdict = run.verdict;
    shown.end(&run, delivered, &context.cancelled).await;
    notify::send(&run, notify_url.as_ref(), context).await;
    alerts::send_of_run(pager.as_ref(), &run, notify::page(context).as_deref(), context).await;
    Ok(verdict)
}

/// Runs without Replicate and without any token. Models that need no GPU run in the sandbox if there is a Docker daemon.
///
/// Foreign files may name build secrets, and with them any variable or file of this step.
async fn offline(mut loaded: CommandInputs, is_foreign: bool, context: &Context) -> Result<RunReport, Failure> {
    loaded.run.tokens = crate::config::Tokens::default();
    let notice = |reason: &str, what: &str| {
        vec![format!("This run has no tokens for Replicate (foreign code gets none){reason}, so {what} were only checked.")]
    };
    let needs_gpu = loaded.models.iter().any(|model| services::uses_gpu(&model.plan));
    if needs_gpu {
        return without_build(loaded, notice("", "models that need a GPU"), context).await;
    }
    if is_foreign && loaded.models.iter().any(|model| needs_trust(&model.plan).is_some()) {
        return without_build(loaded, notice("", "models whose builds need secrets or the Cog CLI"), context).await;
    }
    if loaded.models.iter().any(|model| model.plan.two_pass) {
        return without_build(loaded, notice("", "models whose tests need a key"), context).await;
    }
    match services::docker(&loaded.run).await {
        Ok(_) => in_sandbox(loaded, context).await,
        Err(failure) => {
            context.printer.say(&format!("note: {}", failure.message()));
            without_build(loaded, notice(" and no Docker daemon", "models"), context).await
        }
    }
}
