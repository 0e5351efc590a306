//! The end of a run: its report is written to the report folder and printed.
//!
//! A target that cannot be reached is a warning. It affects neither the other targets nor the verdict.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::context::Context;
use crate::cli::finding_output;
use crate::cli::load::CommandInputs;
use crate::cli::origin::origin;
use crate::cli::printer::{Format, Printer};
use crate::cli::services;
use crate::deliver::files::{DeliverError, WrittenReport, probe, write_report};
use crate::deliver::{DeliveryTarget, Undelivered};
use crate::domain::report::RunReport;
use crate::domain::verdict::Verdict;
use crate::pipeline::RunOptions;
use crate::report::console::{self, Amount};
use crate::report::json::{run_json, v1};
use crate::support::secrets::Redacted;

/// What the pipeline needs to know beside the plan.
pub(super) fn options(notices: Vec<String>) -> RunOptions {
    RunOptions { tool_version: env!("CARGO_PKG_VERSION").to_owned(), notices, keep_outputs: None }
}

/// Concludes a run without models: that is a result too, and reports say so.
pub(super) fn nothing_to_do(loaded: &CommandInputs, context: &Context) -> Verdict {
    conclude(&without_models(loaded), &loaded.run.settings.report_dir, context)
}

pub(super) fn without_models(loaded: &CommandInputs) -> RunReport {
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

/// Writes the reports and prints the result. The verdict is the run's.
pub(super) fn conclude(report: &RunReport, folder: &Path, context: &Context) -> Verdict {
    let delivered = deliver(&finished_run(report, context), folder, context);
    for undelivered in &delivered.undelivered {
        context.printer.warn(undelivered, undelivered.hint.as_deref());
    }
    report.verdict
}

/// Converts a finished run for reports.
pub(super) fn finished_run(report: &RunReport, context: &Context) -> Redacted<v1::Run> {
    without_secrets(v1::Run { origin: origin(&context.environment), ..run_json(report) }, &context.printer)
}

/// A run whose report was written and printed, as far as that was possible.
pub(super) struct Delivered {
    /// The report folder, when anything was written to it.
    pub(super) folder: Option<PathBuf>,
    /// What was created for the report: folders, outer ones first, then files.
    pub(super) created: Vec<PathBuf>,
    /// The targets that were not reached, or only in part.
    pub(super) undelivered: Vec<Undelivered>,
}

/// Delivers a run to its report folder and to standard output.
pub(super) fn deliver(run: &Redacted<v1::Run>, folder: &Path, context: &Context) -> Delivered {
    let (written, mut delivered) = deliver_files(run, folder, context);
    if let Err(error) = print(run, &written, context) {
        delivered.undelivered.push(Undelivered::new(DeliveryTarget::Console, &*error));
    }
    delivered
}

fn undelivered_file(problem: &DeliverError) -> Undelivered {
    Undelivered { hint: problem.hint().map(str::to_owned), ..Undelivered::new(DeliveryTarget::Folder, problem) }
}

pub(super) fn deliver_files(run: &Redacted<v1::Run>, folder: &Path, context: &Context) -> (WrittenReport, Delivered) {
    let folder = context.environment.folder().join(folder);
    let written = write_report(Some(context.environment.folder()), &folder, run);
    let undelivered = written.problems.iter().map(undelivered_file).collect();
    let created = written.folders.iter().chain(&written.files).cloned().collect();
    let folder = (!written.files.is_empty()).then_some(folder);
    (written, Delivered { folder, created, undelivered })
}

/// Warns before the work if the report folder cannot be written. Leaves nothing behind: the folder may be part of what is built.
pub(super) fn probe_report_folder(folder: &Path, context: &Context) {
    let folder = context.environment.folder().join(folder);
    if let Err(problem) = probe(Some(context.environment.folder()), &folder) {
        let undelivered = Undelivered::new(DeliveryTarget::Folder, &problem);
        context
            .printer
            .warn(undelivered, Some("the run goes on without report files; set report_dir to a folder that can be written"));
    }
}

/// Prints a run as text, unless it passed and `--quiet` is set.
pub(super) fn print_summary(run: &v1::Run, page: Option<&str>, context: &Context) {
    let amount = Amount::of(context.printer.quiet, context.verbosity);
    let text = console::summary(run, amount, page, context.printer.result_style());
    if !text.is_empty() {
        context.printer.result(&text);
    }
}

fn print(run: &v1::Run, written: &WrittenReport, context: &Context) -> anyhow::Result<()> {
    match context.printer.format {
        Format::Json => context.printer.json(run)?,
        Format::Github | Format::Sarif => {
            finding_output::print_run(run, &context.printer)?;
        }
        Format::Text => {
            let page = written.page().map(|page| page.display().to_string());
            print_summary(run, page.as_deref(), context);
        }
    }
    Ok(())
}

/// A run without secrets, for every target: a model's output may contain a secret that the model got or guessed.
pub(super) fn without_secrets(run: v1::Run, printer: &Printer) -> Redacted<v1::Run> {
    let (error, run) = match printer.redactor().document(printer.wording().run(run)) {
        Ok(run) => return run,
        Err(failed) => failed,
    };
    printer.warn(format!("the reports lack details, because secrets could not be hidden in them: {error}"), None);
    printer.redactor().document(bare(run)).unwrap_or_else(|(_, run)| Redacted::certain(v1::Run { models: Vec::new(), ..run }))
}

/// A run without any text that did not come from its configuration: verdicts, stages and versions.
fn bare(run: v1::Run) -> v1::Run {
    let models = run.models.into_iter().map(|model| v1::Model {
        stages: model.stages.into_iter().map(|stage| v1::StageEntry { note: None, ..stage }).collect(),
        findings: Vec::new(),
        ignored: Vec::new(),
        cases: Vec::new(),
        error: None,
        cost: v1::Cost { predict_seconds: 0.0, ..model.cost },
        ..model
    });
    v1::Run { notices: Vec::new(), error: None, findings: Vec::new(), models: models.collect(), ..run }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::environment::Environment;
    use crate::cli::printer::ColorChoice;
    use crate::report::sample;
    use crate::support::secrets::Redactor;

    fn guarded(secret: &str) -> Printer {
        Printer::new(Format::Text, ColorChoice::Never, true, &Environment::of([]), Redactor::of([secret]))
    }

    #[test]
    fn a_run_in_which_secrets_cannot_be_hidden_keeps_its_verdict_and_versions() {
        let mut run = run_json(&sample::passed());
        // Not a number of JSON's, so that it does not read back.
        run.models[0].cost.predict_seconds = f64::NAN;
        let kept = without_secrets(run.clone(), &guarded("hidden-key"));
        assert_eq!((kept.verdict, &kept.models[0].versions), (run.verdict, &run.models[0].versions));
        assert!(kept.models[0].cases.is_empty() && kept.models[0].findings.is_empty());
    }

    #[test]
    fn a_secret_in_a_run_is_hidden() {
        let mut run = run_json(&sample::passed());
        run.notices.push("the key is r8_secret".to_owned());
        assert_eq!(without_secrets(run, &guarded("r8_secret")).notices.last().map(String::as_str), Some("the key is ***"));
    }
}
