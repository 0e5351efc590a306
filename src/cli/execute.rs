//! From loaded settings to a delivered report: what `run`, `build`, `verify` and the demo have in common.

use std::path::Path;
use std::time::Duration;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::finding_output;
use crate::cli::load::Loaded;
use crate::cli::printer::Format;
use crate::cli::services::{self, Connected};
use crate::deliver::files;
use crate::domain::events::Observer;
use crate::domain::report::RunReport;
use crate::domain::verdict::Verdict;
use crate::pipeline::{self, Goal, ModelRun, RunOptions};
use crate::report::console;
use crate::report::json::{run_json, v1};

/// Runs the models one after another.
pub(super) async fn execute(runs: Vec<ModelRun>, connected: &Connected, observer: &dyn Observer, context: &Context) -> RunReport {
    let options = options(connected.notices.clone());
    pipeline::run(runs, Goal::Publish(&connected.services), &options, observer, &context.cancelled).await
}

/// A run without models: that is a result too, and reports say so.
pub(super) fn nothing_to_do(loaded: &Loaded, context: &Context) -> Result<Verdict, Failure> {
    conclude(&without_models(loaded), &loaded.run.settings.report_dir, context)
}

/// The report of a run without models.
pub(super) fn without_models(loaded: &Loaded) -> RunReport {
    let options = options(loaded.notices.clone());
    RunReport {
        tool_version: options.tool_version,
        started_at: services::clock().now(),
        duration: Duration::ZERO,
        verdict: Verdict::Passed,
        models: Vec::new(),
        notices: options.notices,
    }
}

/// What the pipeline is told beside the plan.
pub(super) fn options(notices: Vec<String>) -> RunOptions {
    RunOptions { tool_version: env!("CARGO_PKG_VERSION").to_owned(), notices, keep_outputs: None }
}

/// Writes the reports and prints the summary. The verdict is the run's.
pub(super) fn conclude(report: &RunReport, folder: &Path, context: &Context) -> Result<Verdict, Failure> {
    tell(&safe_run(report, context)?, folder, context)?;
    Ok(report.verdict)
}

/// The same for a run that holds what reports may tell.
pub(super) fn tell(run: &v1::Run, folder: &Path, context: &Context) -> Result<(), Failure> {
    let written = write(run, folder, context)?;
    match context.printer.format {
        Format::Json => context.printer.json(run)?,
        Format::Github | Format::Sarif => {
            finding_output::print(&findings_of(run), context)?;
        }
        Format::Text => {
            context.printer.result(&console::summary(run, context.printer.result_style()));
            if let Some(html) = written {
                context.printer.say(&format!("report: {}", html.display()));
            }
        }
    }
    Ok(())
}

/// The run as reports tell it. A model's output may hold a secret that the model was given, or that it guessed.
pub(super) fn safe_run(report: &RunReport, context: &Context) -> Result<v1::Run, Failure> {
    let run = run_json(report);
    if context.action.is_none() {
        return Ok(run);
    }
    let mut value = serde_json::to_value(&run).map_err(anyhow::Error::from)?;
    context.printer.without_secrets(&mut value);
    Ok(serde_json::from_value(value).map_err(anyhow::Error::from)?)
}

/// The findings of all models, each once: models of one project share many.
pub(super) fn findings_of(run: &v1::Run) -> Vec<v1::FindingEntry> {
    let mut findings: Vec<v1::FindingEntry> = Vec::new();
    for finding in run.models.iter().flat_map(|model| &model.findings) {
        if !findings.contains(finding) {
            findings.push(finding.clone());
        }
    }
    findings
}

/// Writes the reports and says which one is for people.
pub(super) fn write(run: &v1::Run, folder: &Path, context: &Context) -> Result<Option<std::path::PathBuf>, Failure> {
    let folder = context.environment.folder().join(folder);
    let written = files::write_report(&folder, run).map_err(|error| Failure::new(Verdict::Misconfigured, error))?;
    Ok(written.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "html")))
}
