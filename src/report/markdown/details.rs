//! The parts below the tables: findings, and cases one by one.

use cog_findings::text::shorten;
use serde_json::Value;

use super::table::{case_label, failures_first};
use crate::domain::report::CaseStatus;
use crate::report::escape;
use crate::report::json::v1::{Case, ComparisonEntry, FindingEntry, Model};
use crate::report::measurement::{compared_with, file_text, measurement_text};
use crate::report::rule_page::rule_page;

/// Size limit of one value, in bytes.
const VALUE_BYTES: usize = 4_000;

/// Number of files per output, and of measurements per comparison.
const ROWS: usize = 40;

/// How much detail a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DetailLevel {
    Everything,
    FailuresOnly,
    WithoutLogs,
    TablesOnly,
}

impl DetailLevel {
    /// A sentence about what is left out.
    pub(super) const fn left_out(self) -> Option<&'static str> {
        match self {
            Self::Everything => None,
            Self::FailuresOnly => Some("Details of passed cases are left out."),
            Self::WithoutLogs => Some("Details of passed cases and logs are left out."),
            Self::TablesOnly => Some("Details of findings and cases are left out."),
        }
    }
}

/// The findings, most severe first.
pub(super) fn findings(findings: &[FindingEntry], level: DetailLevel) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let mut text = "\n### Findings\n\n".to_owned();
    for finding in findings {
        text.push_str(&one_finding(finding, level));
    }
    text
}

/// The codes of findings that settings ignore, below the others.
pub(super) fn ignored(model: &Model) -> String {
    if model.findings.is_empty() || model.ignored.is_empty() {
        return String::new();
    }
    let codes: Vec<&str> = model.ignored.iter().map(|finding| finding.code.as_str()).collect();
    format!("\nIgnored by settings: {}\n", escape::markdown(&codes.join(", ")))
}

fn one_finding(finding: &FindingEntry, level: DetailLevel) -> String {
    let place = match (&finding.file, finding.line) {
        (Some(file), Some(line)) => format!(" ({})", escape::code(&format!("{file}:{line}"))),
        (Some(file), None) => format!(" ({})", escape::code(file)),
        (None, _) => String::new(),
    };
    let code = escape::markdown(&finding.code);
    let code = match rule_page(&finding.code) {
        Some(page) => format!("[{code}]({page})"),
        None => code,
    };
    let mut text = format!("- **{} {code}**{place}: {}\n", finding.severity.as_str(), escape::markdown(&finding.message));
    if level < DetailLevel::TablesOnly {
        for detail in &finding.details {
            text.push_str(&format!(
                "  - {}: {}\n",
                escape::markdown(&detail.label),
                escape::code(&shorten(&detail.value, VALUE_BYTES))
            ));
        }
        if let Some(hint) = &finding.hint {
            text.push_str(&format!("  - hint: {}\n", escape::prose(hint)));
        }
    }
    text
}

/// The cases one by one, collapsed.
pub(super) fn cases(model: &Model, level: DetailLevel) -> String {
    let shown = |case: &&Case| match level {
        DetailLevel::Everything => case.status != CaseStatus::Skipped,
        DetailLevel::FailuresOnly | DetailLevel::WithoutLogs => {
            matches!(case.status, CaseStatus::Failed | CaseStatus::Errored | CaseStatus::Flaky)
        }
        DetailLevel::TablesOnly => false,
    };
    failures_first(model).into_iter().filter(shown).map(|case| one_case(case, level)).collect()
}

fn one_case(case: &Case, level: DetailLevel) -> String {
    let open = if case.status == CaseStatus::Failed { " open" } else { "" };
    let mut text = format!("\n<details{open}><summary>{}: {}</summary>\n\n", escape::markdown(&case.id), case_label(case.status));
    text.push_str(&sources(case));
    let mut block = |label: &str, value: &str, language: &str| {
        text.push_str(&format!("{label}\n\n{}\n", escape::fenced(&shorten(value, VALUE_BYTES), language)));
    };
    if let Some(reason) = case.failure().filter(|_| case.status != CaseStatus::Passed) {
        block(if case.status == CaseStatus::Flaky { "Why the first attempt failed:" } else { "Why:" }, reason, "");
    }
    block("Inputs:", &pretty(&Value::Object(case.inputs.clone())), "json");
    if let Some(minimal) = &case.minimal_inputs {
        block("Minimal failing inputs:", &pretty(&Value::Object(minimal.clone())), "json");
    }
    if let Some(expected) = &case.expected {
        block(&format!("Expected ({}):", escape::markdown(&case.checker)), expected, "");
    }
    if let Some(output) = &case.output {
        block("Output:", &pretty(output), "json");
    }
    if let Some(output) = case.live.as_ref().and_then(|live| live.output.as_ref()) {
        block("Output of the live version:", &pretty(output), "json");
    }
    if let Some(error) = &case.error {
        block("Error:", error, "");
    }
    text.push_str(&files(case));
    for remark in &case.remarks {
        text.push_str(&format!("- {}\n", escape::markdown(remark)));
    }
    if let Some(command) = case.short_reproduction() {
        text.push_str(&format!("\nReproduce it with:\n\n{}", escape::fenced(command, "sh")));
    }
    if let Some(url) = case.url.as_deref().filter(|url| url.starts_with("https://")) {
        let page = escape::link("Prediction", url).unwrap_or_else(|| format!("Prediction: {}", escape::code(url)));
        text.push_str(&format!("\n{page}\n"));
    }
    if level < DetailLevel::WithoutLogs && !case.logs.is_empty() {
        text.push_str(&format!("\nLogs:\n\n{}", escape::fenced(&shorten(&case.logs, VALUE_BYTES), "")));
    }
    text.push_str("\n</details>\n");
    text
}

/// Where the configuration asks for the case, and the source lines of a failure.
fn sources(case: &Case) -> String {
    let place =
        |file: &str, line: Option<u32>| escape::code(&line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}")));
    let mut text = String::new();
    if let Some(file) = case.file.as_deref().filter(|file| !case.sources.iter().any(|source| source.file == *file)) {
        text.push_str(&format!("{}\n\n", place(file, case.line)));
    }
    for source in &case.sources {
        let lines = (source.first_line..).zip(&source.lines);
        let width = source.line.saturating_add(10).to_string().len();
        let line = |(number, text): (u32, &String)| {
            format!("{} {number:>width$}  {text}\n", if number == source.line { '>' } else { ' ' })
        };
        let shown = escape::fenced(&lines.map(line).collect::<String>(), "");
        text.push_str(&format!("{}\n\n{shown}\n", place(&source.file, Some(source.line))));
    }
    text
}

/// The files of the output, and the measurements of their comparisons.
fn files(case: &Case) -> String {
    let mut text = String::new();
    for file in case.files.iter().take(ROWS) {
        let facts = escape::markdown(&shorten(&file_text(file), VALUE_BYTES));
        text.push_str(&format!("- {}: {facts}\n", escape::code(&shorten(&file.place, VALUE_BYTES))));
    }
    if case.files.len() > ROWS {
        text.push_str(&format!("- and {} more files\n", case.files.len() - ROWS));
    }
    text.extend(case.comparisons.iter().take(ROWS).map(comparison));
    if text.is_empty() { text } else { format!("Files:\n\n{}\n\n", text.trim_end()) }
}

fn comparison(comparison: &ComparisonEntry) -> String {
    let verdict = if comparison.same { "✅ the same" } else { "❌ different" };
    let place = escape::code(&shorten(&comparison.place, VALUE_BYTES));
    let mut text = format!("\n{place} compared with {}: {verdict}", compared_with(comparison));
    if let Some(reason) = &comparison.reason {
        text.push_str(&format!(", {}", escape::markdown(&shorten(reason, VALUE_BYTES))));
    }
    text.push_str("\n\n");
    if let Some(difference) = &comparison.difference {
        text.push_str(&format!("{}\n", escape::fenced(&shorten(difference, VALUE_BYTES), "diff")));
    }
    if comparison.measurements.is_empty() {
        return text;
    }
    text.push_str("| measured | value | limit | |\n|---|---|---|---|\n");
    for measured in comparison.measurements.iter().take(ROWS) {
        let row = measurement_text(measured);
        let holds = match (row.limit.is_empty(), measured.holds) {
            (true, _) => "",
            (false, true) => "✅",
            (false, false) => "❌",
        };
        let setting = row.setting.map(|setting| format!(" ({})", escape::code(&setting))).unwrap_or_default();
        let name = escape::markdown(&shorten(&row.name, 200));
        text.push_str(&format!("| {name} | {} | {}{setting} | {holds} |\n", row.value, row.limit));
    }
    text.push('\n');
    text
}

fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_else(|_unprintable| other.to_string()),
    }
}
