//! The one comment of a pull request.

use std::time::Duration;

use cog_findings::text::count;

use crate::domain::verdict::Verdict;
use crate::report::escape;
use crate::report::github::row::{CaseCounts, Differing, Problem, Row};
use crate::report::markdown::verdict_label;
use crate::support::clock::humane;

/// The limit for a comment in bytes. GitHub rejects more than 65,536 characters.
pub(crate) const COMMENT_BYTES: usize = 60_000;

/// The start of every comment by safe-push.
pub(crate) const MARKER: &str = "<!-- safe-push:summary v1 ";

/// A line of the comment's table.
#[derive(Debug, Clone, PartialEq)]
pub struct CommentRow {
    /// The name that selects the model.
    pub name: String,
    /// The check run's page.
    pub url: Option<String>,
    /// The result; `None` until the job reports one.
    pub row: Option<Row>,
    /// Whether the job has finished.
    pub is_finished: bool,
}

/// How much detail the comment shows about problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DetailLevel {
    Facts,
    Messages,
    Table,
    FailedOnly,
    Counts,
}

/// The comment. It depends only on its arguments, so that all jobs write the same text.
///
/// `run` is its workflow run: an earlier run never replaces the comment of a later one.
pub(crate) fn comment_markdown(rows: &[CommentRow], head_sha: &str, run: u64, limit_bytes: usize) -> String {
    let mut rows: Vec<&CommentRow> = rows.iter().collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let mut text = String::new();
    for level in [DetailLevel::Facts, DetailLevel::Messages, DetailLevel::Table, DetailLevel::FailedOnly, DetailLevel::Counts] {
        text = page(&rows, head_sha, run, level);
        if text.len() <= limit_bytes {
            break;
        }
    }
    text
}

/// The workflow run that wrote a comment by safe-push; `None` for other comments.
pub(crate) fn run_of_comment(body: &str) -> Option<u64> {
    let (run, _) = body.strip_prefix(MARKER)?.strip_prefix("run=")?.split_once(' ')?;
    run.parse().ok()
}

fn page(rows: &[&CommentRow], head_sha: &str, run: u64, level: DetailLevel) -> String {
    let mut text = format!("{MARKER}run={run} -->\n## safe-push: {}\n\n", headline(rows));
    if level < DetailLevel::Counts {
        text.push_str(&table(rows, level));
    }
    if level < DetailLevel::Table {
        text.extend(rows.iter().filter_map(|row| Some(details(row, row.row.as_ref()?, level))));
    }
    if level > DetailLevel::Facts {
        text.push_str("\n_Some details are left out: the check runs have the rest._\n");
    }
    let ended = rows.iter().filter_map(|row| Some(row.row.as_ref()?.ended_at.as_str())).max();
    let updated = ended.map(|time| format!(", updated {}", escape::markdown(time))).unwrap_or_default();
    // Seven characters in a code span: GitHub would turn more into a link and a reference.
    let sha: String = head_sha.chars().filter(char::is_ascii_hexdigit).take(7).collect();
    text.push_str(&format!("\n<sub>commit {}{updated}</sub>\n", escape::code(&sha)));
    text
}

fn headline(rows: &[&CommentRow]) -> String {
    let over = rows.iter().filter(|row| row.is_finished).count();
    let verdict = rows.iter().filter_map(|row| if row.is_finished { Some(verdict(row)) } else { None }).max();
    let passed = rows.iter().filter(|row| row.is_finished && verdict_is_passed(row)).count();
    let models = count(rows.len(), "model");
    if over < rows.len() {
        return format!("⏳ {over} of {models} done");
    }
    match verdict {
        None => "no models".to_owned(),
        Some(Verdict::Passed) => format!("✅ {models} passed"),
        Some(worst) => format!("{}, {passed} of {models} passed", verdict_label(worst)),
    }
}

fn verdict_is_passed(row: &CommentRow) -> bool {
    verdict(row) == Verdict::Passed
}

/// A finished job without a result has crashed.
fn verdict(row: &CommentRow) -> Verdict {
    row.row.as_ref().map_or(Verdict::ServiceError, |row| row.verdict)
}

fn table(rows: &[&CommentRow], level: DetailLevel) -> String {
    let mut text =
        "| model | result | schema | cases | fuzz inputs | like live | time | cost | version |\n|---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    let mut left_out = 0;
    for entry in rows {
        if level == DetailLevel::FailedOnly && entry.is_finished && verdict_is_passed(entry) {
            left_out += 1;
            continue;
        }
        text.push_str(&table_row(entry));
    }
    if left_out > 0 {
        text.push_str(&format!("\nNot listed: {} passed.\n", count(left_out, "model")));
    }
    text
}

fn table_row(entry: &CommentRow) -> String {
    let name = escape::markdown(&cog_findings::text::shorten(&entry.name, 100));
    // Check runs are on GitHub; no other URL becomes a link.
    let name = match entry.url.as_deref().filter(|url| is_plain_url(url)) {
        Some(url) => format!("[{name}]({url})"),
        None => name,
    };
    let Some(row) = &entry.row else {
        let status = if entry.is_finished { "⚠️ no result" } else { "⏳ running" };
        return format!("| {name} | {status} | | | | | | | |\n");
    };
    let schema = match row.findings {
        (0, 0) => "✅".to_owned(),
        (0, warnings) => count(warnings, "warning"),
        (errors, _) => format!("❌ {}", count(errors, "error")),
    };
    let cost = row.estimated_usd.map(|usd| format!("${usd:.4}")).unwrap_or_default();
    format!(
        "| {name} | {} | {schema} | {} | {} | {} | {} | {cost} | {} |\n",
        verdict_label(row.verdict),
        fraction(row.cases),
        fraction(row.fuzz),
        fraction(row.compare),
        humane(Duration::from_millis(row.duration_ms)),
        version(row)
    )
}

fn fraction(counts: CaseCounts) -> String {
    match counts {
        CaseCounts { all: 0, .. } => String::new(),
        CaseCounts { passed, all } if passed == all => format!("✅ {all}"),
        CaseCounts { passed, all } => format!("❌ {passed} of {all}"),
    }
}

/// A version as a link to its page, if it has the form of a version.
fn version(row: &Row) -> String {
    let Some(version) = &row.version else { return String::new() };
    let Some((model, id)) = version.split_once(':') else { return escape::code(version) };
    let is_word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let is_link = model.split('/').count() == 2 && model.split('/').all(is_word) && is_word(id);
    let label = if row.is_published { "live" } else { "tested" };
    let short: String = id.chars().take(8).collect();
    if is_link {
        format!("{label} [{}](https://replicate.com/{model}/versions/{id})", escape::code(&short))
    } else {
        format!("{label} {}", escape::code(&short))
    }
}

fn is_plain_url(url: &str) -> bool {
    url.starts_with("https://") && url.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?#=&%+".contains(c))
}

fn details(entry: &CommentRow, row: &Row, level: DetailLevel) -> String {
    if row.problems.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\n<details open><summary>{}: {}</summary>\n\n",
        escape::markdown(&entry.name),
        count(row.problems.len() + row.more_problems, "problem")
    );
    for problem in &row.problems {
        text.push_str(&one_problem(problem, level));
    }
    if row.more_problems > 0 {
        text.push_str(&format!("- and {} more in the check run\n", row.more_problems));
    }
    if level == DetailLevel::Facts {
        text.push_str(&numbers(row));
    }
    text.push_str("\n</details>\n");
    text
}

/// The measurements of files that differ.
fn numbers(row: &Row) -> String {
    if row.differing.is_empty() {
        return String::new();
    }
    let mut text = "\n| case | file | compared with | measured |\n|---|---|---|---|\n".to_owned();
    for Differing { case, place, with, numbers } in &row.differing {
        let [case, place, with, numbers] = [case, place, with, numbers].map(|cell| escape::markdown(cell));
        text.push_str(&format!("| {case} | {place} | {with} | {numbers} |\n"));
    }
    if row.more_differing > 0 {
        text.push_str(&format!("\nand {} more in the check run\n", count(row.more_differing, "file")));
    }
    text
}

fn one_problem(problem: &Problem, level: DetailLevel) -> String {
    let place = problem.place.as_deref().map(|place| format!(" ({})", escape::code(place))).unwrap_or_default();
    let mut text = format!("- **{}**{place}: {}\n", escape::markdown(&problem.name), escape::markdown(&problem.message));
    if level == DetailLevel::Facts {
        for (label, value) in &problem.facts {
            text.push_str(&format!("  - {}: {}\n", escape::markdown(label), escape::code(value)));
        }
    }
    if let Some(hint) = &problem.hint {
        text.push_str(&format!("  - hint: {}\n", escape::markdown(hint)));
    }
    text
}
