//! The text of a check run.

use cog_findings::text::{count, shorten};

use crate::domain::report::CaseStatus;
use crate::domain::verdict::Verdict;
use crate::report::github::row::Row;
use crate::report::json::v1::{FindingEntry, Model, Run, Severity};
use crate::report::markdown::report_markdown;
use crate::report::{escape, label};

/// GitHub's limit for summary and text each, in bytes.
const FIELD_BYTES: usize = 65_535;

/// The share of the text that the row may take, in bytes.
const ROW_BYTES: usize = 30_000;

/// Mistakes that a summary lists. The text below it has all.
const MISTAKES: usize = 10;

/// The text of a check run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckText {
    /// One line.
    pub(crate) title: String,
    /// Markdown.
    pub(crate) summary: String,
    /// Markdown, with the row at the end.
    pub(crate) text: String,
}

/// The text for a model's result, with its row.
pub(crate) fn check_text(run: &Run, model: &Model, row: &Row) -> CheckText {
    let duration_ms = model.stages.iter().map(|stage| stage.duration_ms).sum();
    let alone = Run { models: vec![model.clone()], verdict: model.verdict, duration_ms, ..run.clone() };
    CheckText { title: title(model), summary: shorten(&summary(model, row), FIELD_BYTES), text: carrying(&alone, row) }
}

/// The text for a run that ended before its models were known.
pub(crate) fn failed_check_text(run: &Run, row: &Row) -> CheckText {
    let errors = run.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let title = match (run.verdict, errors) {
        (Verdict::Misconfigured, 1..) => format!("Misconfigured: {}", count(errors, "mistake")),
        (verdict, _) => verdict_title(verdict).to_owned(),
    };
    // The error only counts the mistakes.
    let summary = match (&run.error, errors) {
        (_, 1..) => mistakes(run),
        (None, 0) => title.clone(),
        (Some(error), 0) => {
            let hint = error.hint.as_deref().map(|hint| format!("\n\n**Hint:** {}", escape::prose(hint))).unwrap_or_default();
            format!("{}{hint}", escape::code(&shorten(&error.message, 4000)))
        }
    };
    CheckText { title, summary, text: carrying(run, row) }
}

/// The first mistakes, a line each with its place and fix.
fn mistakes(run: &Run) -> String {
    let errors: Vec<_> = run.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    let line = |finding: &&FindingEntry| {
        let place = finding.file.as_deref().map(|file| match finding.line {
            Some(line) => format!("{}: ", escape::code(&format!("{file}:{line}"))),
            None => format!("{}: ", escape::code(file)),
        });
        let hint = finding.hint.as_deref().map(|hint| format!("; {}", escape::prose(&shorten(hint, 300)))).unwrap_or_default();
        format!("- {}{}{hint}", place.unwrap_or_default(), escape::prose(&shorten(&finding.message, 500)))
    };
    let mut lines: Vec<String> = errors.iter().take(MISTAKES).map(line).collect();
    if errors.len() > MISTAKES {
        lines.push(format!("- and {} more", errors.len() - MISTAKES));
    }
    lines.join("\n")
}

fn carrying(run: &Run, row: &Row) -> String {
    let row = row.carried(ROW_BYTES);
    let text = report_markdown(run, FIELD_BYTES.saturating_sub(row.len() + 2));
    format!("{text}\n\n{row}")
}

/// The result in one line.
fn title(model: &Model) -> String {
    let failed = model.cases.iter().filter(|case| matches!(case.status, CaseStatus::Failed | CaseStatus::Errored)).count();
    let errors = model.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    match model.verdict {
        Verdict::Passed if model.versions.live.is_some() => "Passed and published".to_owned(),
        Verdict::Passed if model.versions.unchanged.is_some() => "Unchanged, nothing to publish".to_owned(),
        Verdict::Failed if errors > 0 => format!("{} before the build", count(errors, "error")),
        Verdict::Failed if failed > 0 => format!("{failed} of {} failed", count(model.cases.len(), "case")),
        verdict => verdict_title(verdict).to_owned(),
    }
}

fn verdict_title(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "Passed",
        Verdict::Failed => "Failed",
        Verdict::ServiceError => "Service error",
        Verdict::Billing => "Billing error",
        Verdict::Misconfigured => "Misconfigured",
        Verdict::Cancelled => "Canceled",
    }
}

fn summary(model: &Model, row: &Row) -> String {
    let mut lines = Vec::new();
    for (kind, counts) in [("test cases", row.cases), ("fuzz inputs", row.fuzz), ("comparisons with live", row.compare)] {
        if counts.all > 0 {
            lines.push(format!("- {} of {} {kind} passed", counts.passed, counts.all));
        }
    }
    let (errors, warnings) = row.findings;
    if errors + warnings > 0 {
        lines.push(format!("- {}, {}", count(errors, "error"), count(warnings, "warning")));
    }
    if let Some(version) = &row.version {
        let what = if row.is_published { "Published" } else { "Try the tested version" };
        lines.push(format!("- {what}: {}", escape::version(version)));
    }
    if let (Some(unchanged), Some(how)) = (&model.versions.unchanged, label::publish_anyway(model)) {
        let (version, how) = (escape::version(unchanged), escape::markdown(how));
        lines.push(format!("- Unchanged since {version}. Publish it anyway with {how}"));
    }
    if let Some(error) = &model.error {
        lines.push(format!("- {}", escape::code(&shorten(&error.message, 2000))));
    }
    if lines.is_empty() { title(model) } else { lines.join("\n") }
}
