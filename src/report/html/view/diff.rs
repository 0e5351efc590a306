//! Texts compared line by line.

use std::time::Duration;

use cog_findings::text::count;
use serde_json::Value;
use similar::{ChangeTag, DiffOp, TextDiff};

use super::cut::{Cut, is_web_address};
use super::embedded;
use crate::report::json::v1;

/// Equal lines shown around a difference.
const CONTEXT_LINES: usize = 3;

/// Longer texts are not compared line by line.
const DIFF_BYTES: usize = 32 * 1024;

pub(crate) struct Line {
    pub(crate) class: &'static str,
    pub(crate) sign: &'static str,
    pub(crate) text: String,
}

/// The lines of a unified diff's hunks. Unchanged lines between them are left out, and the number of a hunk's line says where it is.
pub(super) fn of_hunks(hunks: &str) -> Vec<Line> {
    let line = |line: &str| {
        let (class, sign) = match line.chars().next() {
            Some('+') => ("add", "+"),
            Some('-') => ("remove", "-"),
            Some(' ') => ("same", " "),
            _ => return Line { class: "gap", sign: "…", text: place(line) },
        };
        Line { class, sign, text: line[1..].to_owned() }
    };
    hunks.lines().map(line).collect()
}

/// `line 7` for `@@ -7,3 +7,3 @@`; other lines as they are.
fn place(line: &str) -> String {
    let number = line.strip_prefix("@@ -").and_then(|rest| rest.split([',', ' ']).next());
    number.map_or_else(|| line.trim_start_matches(['…', ' ']).to_owned(), |number| format!("line {number}"))
}

fn without_addresses(value: &Value) -> Value {
    match value {
        Value::String(text) if is_web_address(text) => Value::from("(a file)"),
        Value::Array(items) => items.iter().map(without_addresses).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), without_addresses(value))).collect(),
        other => other.clone(),
    }
}

/// The line-by-line difference from the expected text or the live version's output.
pub(super) fn of_case(case: &v1::Case, cut: Cut) -> Vec<Line> {
    // The URLs of files always differ.
    let shown = |output: &Value, files| (!embedded::is_only_files(output, files)).then(|| cut.value(&without_addresses(output)));
    let live = case.live.as_ref().and_then(|live| live.output.as_ref());
    let before = match (case.checker.as_str(), &case.expected, live) {
        ("exact_string", Some(expected), _) => cut.text(expected),
        (_, _, Some(output)) => match shown(output, &case.live_files) {
            Some(text) => text,
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let Some(after) = case.output.as_ref().and_then(|output| shown(output, &case.files)) else { return Vec::new() };
    if before == after || before.len() > DIFF_BYTES || after.len() > DIFF_BYTES {
        return Vec::new();
    }
    let lines = TextDiff::configure().timeout(Duration::from_millis(500)).diff_lines(before.as_str(), after.as_str());
    let line = |change: similar::Change<&str>| {
        let (class, sign) = match change.tag() {
            ChangeTag::Equal => ("same", " "),
            ChangeTag::Delete => ("remove", "-"),
            ChangeTag::Insert => ("add", "+"),
        };
        Line { class, sign, text: change.value().trim_end_matches('\n').to_owned() }
    };
    let mut shown = Vec::new();
    let mut next = 0;
    let last = before.lines().count();
    let gap = |from: usize, to: usize| {
        let text = format!("{} the same", count(to - from, "line"));
        (to > from).then_some(Line { class: "gap", sign: "…", text })
    };
    for group in lines.grouped_ops(CONTEXT_LINES) {
        let start = group.first().map_or(next, |operation: &DiffOp| operation.old_range().start);
        shown.extend(gap(next, start));
        shown.extend(group.iter().flat_map(|operation| lines.iter_changes(operation)).map(line));
        next = group.last().map_or(start, |operation| operation.old_range().end);
    }
    shown.extend(gap(next, last));
    shown
}
