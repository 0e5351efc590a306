//! `report.md`, job summaries and the text of check runs.
//!
//! A text has a limit in bytes. If it is too long, the least important parts are left out first: details of passed cases, then logs, then
//! details of findings. The text says so.

mod details;
mod table;

#[cfg(test)]
mod tests;

use std::time::Duration;

use cog_findings::text::shorten;

use self::details::DetailLevel;
use super::json::v1::{ErrorEntry, Model, Run};
use super::{escape, label};
use crate::domain::verdict::Verdict;
use crate::support::clock::readable_duration;

/// The size of `report.md` in bytes. GitHub shows job summaries up to 1 MiB:
/// `docs/reference/github-actions.md#job-summaries-and-outputs`.
pub(crate) const REPORT_BYTES: usize = 1_000_000;

/// Renders a run as a page.
pub(crate) fn report_markdown(run: &Run, limit_bytes: usize) -> String {
    let levels = [DetailLevel::Everything, DetailLevel::FailuresOnly, DetailLevel::WithoutLogs, DetailLevel::TablesOnly];
    let mut text = String::new();
    for level in levels {
        text = page(run, level);
        if text.len() <= limit_bytes {
            return text;
        }
    }
    shorten(&text, limit_bytes)
}

fn page(run: &Run, level: DetailLevel) -> String {
    let mut text = format!("# safe-push: {}\n\n", verdict_label(run.verdict));
    let models = match run.error {
        Some(_) => String::new(),
        None => {
            let duration = readable_duration(Duration::from_millis(run.duration_ms));
            format!("{} in {duration}, ", cog_findings::text::count(run.models.len(), "model"))
        }
    };
    text.push_str(&format!(
        "{models}started {}, safe-push {}.\n",
        escape::markdown(&run.started_at),
        escape::markdown(&run.tool_version)
    ));
    for notice in &run.notices {
        text.push_str(&format!("\n> {}\n", escape::markdown(notice)));
    }
    text.extend(run.error.as_ref().map(error));
    text.push_str(&details::findings(&run.findings, level));
    let mut models: Vec<&Model> = run.models.iter().collect();
    // Those that did not pass come first.
    models.sort_by_key(|model| model.verdict == Verdict::Passed);
    if models.len() > 1 {
        text.push('\n');
        text.push_str(&table::models(&models));
    }
    for model in models {
        text.push('\n');
        text.push_str(&section(model, level));
    }
    if let Some(left_out) = level.left_out() {
        text.push_str(&format!("\n_{left_out} `report.html` has everything._\n"));
    }
    text
}

fn section(model: &Model, level: DetailLevel) -> String {
    let mut text = format!("## {}: {}\n", escape::markdown(&model.model), verdict_label(model.verdict));
    // At the top, so that it is kept when the text is cut.
    if let Some(record) = model.tested_record.as_deref().filter(|record| is_token(record)) {
        text.push_str(&format!("\n{RECORD_START}{record}{RECORD_END}\n"));
    }
    text.extend(model.error.as_ref().map(error));
    text.push('\n');
    text.push_str(&table::stages(model));
    text.push_str(&table::versions(model));
    text.push_str(&details::findings(&model.findings, level));
    text.push_str(&details::ignored(model));
    text.push_str(&table::page(model));
    text.push_str(&table::before_after(model));
    text.push_str(&table::cases(model));
    text.push_str(&details::cases(model, level));
    if let Some(command) = label::rollback(model) {
        text.push_str(&format!("\nRoll back with {}.\n", escape::code(&command)));
    }
    text
}

fn error(error: &ErrorEntry) -> String {
    let hint = error.hint.as_deref().map(|hint| format!("\n**Hint:** {}\n", escape::prose(hint))).unwrap_or_default();
    format!("\n**Error:** {}\n{hint}", escape::code(&error.message))
}

/// Start of the hidden record of what was tested.
const RECORD_START: &str = "<!-- safe-push:tested ";
const RECORD_END: &str = " -->";

/// Whether a text can be within a comment of HTML.
fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'.'))
}

/// The record in a text that was rendered for one model.
pub(crate) fn tested_record_of(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(RECORD_START)?;
    rest.split_once(RECORD_END).map(|(record, _)| record).filter(|record| is_token(record))
}

/// A verdict with an icon.
pub(crate) fn verdict_label(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "✅ passed",
        Verdict::Failed => "❌ failed",
        Verdict::ServiceError => "⚠️ service error",
        Verdict::Billing => "⚠️ billing error",
        Verdict::Misconfigured => "❌ misconfigured",
        Verdict::Cancelled => "🚫 canceled",
    }
}
