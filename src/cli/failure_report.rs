//! Reports a command that ended without a result: on the terminal, and on GitHub like any other run.

use cog_findings::Finding;

use crate::cli::action::{ActionRun, ActionStep, CommentWish};
use crate::cli::conclude::{deliver_files, without_secrets};
use crate::cli::context::Context;
use crate::cli::decision;
use crate::cli::failure::Failure;
use crate::cli::finding_output;
use crate::cli::load;
use crate::cli::origin::origin;
use crate::cli::printer::{Format, Printer};
use crate::config::RunSettings;
use crate::report::console;
use crate::report::json::{FailedRun, v1};
use crate::support::clock::{Clock, SystemClock};
use crate::support::secrets::Redacted;

/// A failure as a run, for reports.
pub(super) fn failed_run_here(failure: &Failure, context: &Context) -> Redacted<v1::Run> {
    failed_run(failure, origin(&context.environment), &context.printer)
}

fn failed_run(failure: &Failure, origin: Option<v1::Origin>, printer: &Printer) -> Redacted<v1::Run> {
    let findings: &[Finding] = &failure.findings;
    let run = FailedRun {
        tool_version: env!("CARGO_PKG_VERSION"),
        at: SystemClock.now(),
        verdict: failure.verdict,
        message: failure.message(),
        hint: failure.hint.clone(),
        findings,
    };
    without_secrets(v1::Run { origin, ..run.json() }, printer)
}

pub(super) fn print(failure: &Failure, printer: &Printer) {
    for finding in &failure.findings {
        let shown = console::finding(&printer.without_secrets(finding), printer.progress_style());
        // Apart from the next one, as compilers do.
        printer.complain(&format!("{shown}\n"));
    }
    let hidden = |text: &str| printer.redactor().text(&printer.wording().sentence(text)).into_inner();
    let (message, hint) = (hidden(&failure.message()), failure.hint.as_deref().map(hidden));
    printer.complain(&console::error(&message, hint.as_deref(), printer.progress_style()));
    let printed = match printer.format {
        Format::Text => return,
        Format::Json => printer.json(&*failed_run(failure, None, printer)),
        Format::Github | Format::Sarif => finding_output::print_run(&failed_run(failure, None, printer), printer),
    };
    if let Err(error) = printed {
        tracing::debug!(%error, "an error cannot be written in the wanted format");
    }
}

/// Reports a command that failed before it could start its check runs.
pub(super) async fn report_early(failure: &Failure, action: &ActionStep, context: &Context) {
    let event = action.event();
    // On such an event not even the settings of the checkout are read.
    let is_refused = decision::refuse_event(context).is_err();
    let settings = load::settings_for_reports(!is_refused, context);
    let github = match action.github(settings.tokens.github.clone(), settings.settings.github_api_url.clone()) {
        Ok(github) => github,
        Err(error) => {
            action.excuse(&error);
            None
        }
    };
    let run = failed_run_here(failure, context);
    let delivered = deliver_files(&run, &settings.settings.report_dir, context).1;
    let models = requested(&settings);
    let comment = CommentWish::of(&settings.settings);
    ActionRun::ended_early(action.clone(), event, github, &models, comment).end(&run, delivered, &context.cancelled).await;
}

/// The names that a request for models has; none for `all` and `changed`. A live model is called as its configuration would be.
fn requested(settings: &RunSettings) -> Vec<String> {
    let request = settings.settings.models.as_deref().unwrap_or_default();
    let names = request.split([',', '\n']).map(str::trim).filter(|name| !matches!(*name, "" | "all" | "changed"));
    names.map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()).collect()
}
