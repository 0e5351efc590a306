//! The text of a check run.

use cog_findings::text::{count, shorten};

use crate::domain::report::CaseStatus;
use crate::domain::verdict::Verdict;
use crate::report::github::row::{Row, row_of};
use crate::report::json::v1::{Model, Run, Severity};
use crate::report::markdown::report_markdown;

/// GitHub's limit for summary and text each, in bytes.
const FIELD_BYTES: usize = 65_535;

/// The share of the text that the row may take, in bytes.
const ROW_BYTES: usize = 30_000;

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

pub(crate) fn check_text(run: &Run, model: &Model, ended_at: &str) -> CheckText {
    let row = row_of(model, ended_at).carried(ROW_BYTES);
    let alone = Run { models: vec![model.clone()], verdict: model.verdict, ..run.clone() };
    let text = report_markdown(&alone, FIELD_BYTES - row.len() - 2);
    CheckText { title: title(model), summary: shorten(&summary(model), FIELD_BYTES), text: format!("{text}\n\n{row}") }
}

/// The result in one line.
fn title(model: &Model) -> String {
    let failed = model.cases.iter().filter(|case| matches!(case.status, CaseStatus::Failed | CaseStatus::Errored)).count();
    let errors = model.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    match model.verdict {
        Verdict::Passed if model.versions.live.is_some() => "Passed and published".to_owned(),
        Verdict::Passed => "Passed".to_owned(),
        Verdict::Failed if errors > 0 => format!("{} before the build", count(errors, "error")),
        Verdict::Failed if failed > 0 => format!("{failed} of {} failed", count(model.cases.len(), "case")),
        Verdict::Failed => "Failed".to_owned(),
        Verdict::ServiceError => "Service error".to_owned(),
        Verdict::Billing => "Billing error".to_owned(),
        Verdict::Misconfigured => "Misconfigured".to_owned(),
        Verdict::Cancelled => "Canceled".to_owned(),
    }
}

fn summary(model: &Model) -> String {
    let row: Row = row_of(model, "");
    let mut lines = Vec::new();
    for (label, counts) in [("test cases", row.cases), ("fuzz inputs", row.fuzz), ("comparisons with live", row.compare)] {
        if counts.all > 0 {
            lines.push(format!("- {} of {} {label} passed", counts.passed, counts.all));
        }
    }
    let (errors, warnings) = row.findings;
    if errors + warnings > 0 {
        lines.push(format!("- {}, {}", count(errors, "error"), count(warnings, "warning")));
    }
    if let Some(version) = &row.version {
        let label = if row.is_published { "published" } else { "tested" };
        lines.push(format!("- {label} {}", crate::report::escape::code(version)));
    }
    if let Some(error) = &model.error {
        lines.push(format!("- {}", crate::report::escape::code(&shorten(&error.message, 2000))));
    }
    if lines.is_empty() { title(model) } else { lines.join("\n") }
}
