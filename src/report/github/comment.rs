//! The one comment of a workflow on a pull request.

use std::time::Duration;

use cog_findings::text::{count, shorten};

use crate::domain::before_after::Aspect;
use crate::domain::verdict::Verdict;
use crate::report::escape;
use crate::report::github::compared;
use crate::report::github::frame::Frame;
use crate::report::github::problems;
use crate::report::github::row::{CaseCounts, Row};
use crate::report::github::shown_outputs;
use crate::report::github::state::{CheckState, CommentRow, JobEnd, RunState};
use crate::report::markdown::verdict_label;
use crate::support::clock::readable_duration;

/// The limit for a comment in bytes. GitHub rejects more than 65,536 characters.
pub(crate) const COMMENT_BYTES: usize = 60_000;

/// With more models than this, those that passed are folded.
const OPEN_ROWS: usize = 3;

/// How much detail the comment shows about problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CommentDetail {
    Facts,
    Messages,
    Table,
    FailedOnly,
    Counts,
}

/// The comment. It depends only on its arguments, so that all jobs write the same text.
pub(crate) fn comment_markdown(state: &RunState, frame: &Frame, limit_bytes: usize) -> String {
    let mut rows: Vec<&CommentRow> = state.rows.iter().collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let mut text = String::new();
    for level in
        [CommentDetail::Facts, CommentDetail::Messages, CommentDetail::Table, CommentDetail::FailedOnly, CommentDetail::Counts]
    {
        text = page(state, &rows, frame, level);
        if text.len() <= limit_bytes {
            break;
        }
    }
    text
}

fn page(state: &RunState, rows: &[&CommentRow], frame: &Frame, level: CommentDetail) -> String {
    let mut text = format!("{}\n## safe-push: {}\n", frame.marker(state.finished()).line(), headline(state));
    // Those that did not pass, then those that run, then those that passed.
    let not_passed: Vec<&CommentRow> = rows.iter().copied().filter(|row| row.verdict().is_some() && !row.has_passed()).collect();
    let running: Vec<&CommentRow> = rows.iter().copied().filter(|row| row.verdict().is_none()).collect();
    let passed: Vec<&CommentRow> = rows.iter().copied().filter(|row| row.has_passed()).collect();
    if level < CommentDetail::Counts && !state.is_failed_run() {
        let is_open = passed.len() <= OPEN_ROWS && level < CommentDetail::FailedOnly;
        let open: Vec<&CommentRow> = not_passed.iter().chain(&running).chain(passed.iter().filter(|_| is_open)).copied().collect();
        if !open.is_empty() {
            text.push_str(&format!("\n{}", table(&open, frame)));
        }
        if level < CommentDetail::Table {
            // Those that passed have it beside their table when they are folded.
            let shown: Vec<&CommentRow> =
                not_passed.iter().chain(passed.iter().filter(|_| passed.len() <= OPEN_ROWS)).copied().collect();
            text.push_str(&compared::table(&shown));
        }
        if !is_open && level < CommentDetail::FailedOnly {
            let names: Vec<String> = passed.iter().map(|row| escape::markdown(&shorten(&row.name, 100))).collect();
            let summary = format!("✅ {} passed: {}", passed.len(), names.join(", "));
            let compared = compared::table(&passed);
            text.push_str(&format!("\n<details><summary>{summary}</summary>\n\n{}{compared}\n</details>\n", table(&passed, frame)));
        } else if !is_open {
            text.push_str(&format!("\nNot listed: {} passed.\n", count(passed.len(), "model")));
        }
    }
    if level < CommentDetail::Table {
        let failures = problems::list(&not_passed, level == CommentDetail::Facts);
        if !failures.is_empty() {
            let heading = if state.is_failed_run() { "" } else { "\n### Failures\n" };
            text.push_str(&format!("{heading}\n{failures}"));
        }
        if level == CommentDetail::Facts {
            text.push_str(&problems::measurements(&not_passed));
        }
        let flaky = problems::flaky(&not_passed.iter().chain(&passed).copied().collect::<Vec<_>>());
        if !flaky.is_empty() {
            text.push_str(&format!("\n### Flaky\n\nPassed when repeated. The first attempt failed:\n\n{flaky}"));
        }
    }
    if level < CommentDetail::Table {
        text.push_str(&shown_outputs::of_rows(&not_passed, level == CommentDetail::Facts));
        text.push_str(&shown_outputs::folded(&passed, level == CommentDetail::Facts));
    }
    text.push_str(&merging(&passed, frame));
    if level > CommentDetail::Facts {
        text.push_str("\n_Some details are left out: the check runs have the rest._\n");
    }
    let updated = rows.iter().filter_map(|row| Some(row.row()?.ended_at.as_str())).max();
    text.push_str(&frame.footer(updated));
    text
}

fn headline(state: &RunState) -> String {
    match state.verdict() {
        _ if state.rows.is_empty() && state.missing_jobs == 0 => "no models".to_owned(),
        Some(worst) if state.is_failed_run() => verdict_label(worst).to_owned(),
        Some(Verdict::Passed) if state.is_complete() => format!("✅ {}", state.counts()),
        Some(worst) if state.is_complete() || state.is_cancelled() => format!("{}, {}", verdict_label(worst), state.counts()),
        _ => format!("⏳ {}", state.counts()),
    }
}

/// What merging would do, where it is the same for all models or there is only one.
fn merging(passed: &[&CommentRow], frame: &Frame) -> String {
    let replaced: Vec<(&str, &str)> =
        passed.iter().filter_map(|row| Some((row.name.as_str(), row.row()?.replaces.as_deref()?))).collect();
    match replaced.as_slice() {
        [(_, version)] if frame.is_proposal && passed.len() == 1 => {
            format!("\nOnce merged and published, it replaces {}.\n", escape::short_version(version))
        }
        _ => String::new(),
    }
}

/// A column: its heading, and its cell for a model.
type Column = (&'static str, fn(&CommentRow) -> String);

/// Columns that are empty for all models are left out.
fn table(rows: &[&CommentRow], frame: &Frame) -> String {
    // A single model has a sentence of its own about what it replaces.
    let version: fn(&CommentRow) -> String = if frame.is_proposal && rows.len() > 1 {
        |row| row.row().map(|found| [version_cell(found), replaces_cell(row, found)]).map(joined).unwrap_or_default()
    } else {
        |row| row.row().map(version_cell).unwrap_or_default()
    };
    let columns: [Column; 6] = [
        ("model", name_cell),
        ("result", result_cell),
        ("checks", |row| row.row().map(checks_cell).unwrap_or_default()),
        ("time", |row| row.row().map(time_cell).unwrap_or_default()),
        ("cost", |row| row.row().and_then(|row| row.estimated_usd).map(|usd| format!("${usd:.4}")).unwrap_or_default()),
        ("version", version),
    ];
    let cells: Vec<(&str, Vec<String>)> =
        columns.into_iter().map(|(heading, cell)| (heading, rows.iter().map(|row| cell(row)).collect::<Vec<_>>())).collect();
    let shown: Vec<&(&str, Vec<String>)> = cells.iter().filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty())).collect();
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(shown.iter().map(|(heading, _)| *heading).collect());
    text.push_str(&format!("|{}\n", "---|".repeat(shown.len())));
    for index in 0..rows.len() {
        text.push_str(&line(shown.iter().filter_map(|(_, cells)| cells.get(index)).map(String::as_str).collect()));
    }
    text
}

fn name_cell(row: &CommentRow) -> String {
    let name = if row.name.is_empty() { "the run".to_owned() } else { shorten(&row.name, 100) };
    row.url.as_deref().and_then(|url| escape::link(&name, url)).unwrap_or_else(|| escape::markdown(&name))
}

fn result_cell(row: &CommentRow) -> String {
    match &row.state {
        CheckState::Running => escape::unbroken("⏳ running"),
        CheckState::WithoutResult(JobEnd::Passed) => escape::unbroken(verdict_label(Verdict::Passed)),
        CheckState::WithoutResult(JobEnd::Cancelled) => escape::unbroken(verdict_label(Verdict::Cancelled)),
        CheckState::WithoutResult(JobEnd::Crashed) => escape::unbroken("⚠️ no result"),
        CheckState::Result(row) => escape::unbroken(verdict_label(row.verdict)),
    }
}

/// One line for each kind of check: a column for each would be too wide for a pull request's page.
fn checks_cell(row: &Row) -> String {
    let schema = match row.findings {
        // A run that ended before its models were known has checked none.
        (0, 0) if row.model.is_empty() => String::new(),
        (0, 0) => "✅ schema".to_owned(),
        (0, warnings) => format!("✅ schema, {}", count(warnings, "warning")),
        (errors, _) => format!("❌ {}", count(errors, "error")),
    };
    let parts = [
        schema,
        fraction(row.cases, |all| count(all, "case")),
        fraction(row.fuzz, |all| count(all, "fuzz input")),
        fraction(row.compare, |all| format!("{all} like live")),
    ];
    joined(parts.map(|part| escape::unbroken(&part)))
}

fn fraction(counts: CaseCounts, all_of: fn(usize) -> String) -> String {
    match counts {
        CaseCounts { all: 0, .. } => String::new(),
        CaseCounts { passed, all } if passed == all => format!("✅ {}", all_of(all)),
        CaseCounts { passed, all } => format!("❌ {passed} of {}", all_of(all)),
    }
}

/// How long the run took, and how the run time of predictions changed, unless the table below says it.
fn time_cell(row: &Row) -> String {
    let duration = Some(Duration::from_millis(row.duration_ms)).filter(|duration| !duration.is_zero()).map(readable_duration);
    let is_compared = row.before_after.iter().any(|entry| entry.aspect == Aspect::PredictTime);
    let speed = row.speed.filter(|_| !is_compared).map(|(live, new)| format!("prediction {live:.1} → {new:.1} s"));
    joined(duration.into_iter().chain(speed).map(|part| escape::unbroken(&part)))
}

/// The parts of a cell that are not empty, on a line each.
fn joined(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("<br>")
}

fn version_cell(row: &Row) -> String {
    let label = if row.is_published { "live" } else { "try" };
    row.version.as_deref().map(|version| format!("{label}&nbsp;{}", escape::short_version(version))).unwrap_or_default()
}

/// What publishing would replace.
fn replaces_cell(row: &CommentRow, found: &Row) -> String {
    let version = found.replaces.as_deref().filter(|_| row.has_passed());
    version.map(|version| format!("replaces&nbsp;{}", escape::short_version(version))).unwrap_or_default()
}
