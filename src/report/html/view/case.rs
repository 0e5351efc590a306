//! A case: inputs, outputs, expectation, and every attempt.

use std::time::Duration;

use cog_findings::text::{count, shorten};
use serde_json::Value;
use similar::{ChangeTag, DiffOp, TextDiff};

use super::cut::{Cut, is_web_address};
use super::media::{self, FileView};
use crate::domain::report::{CaseStatus, reproduction_command};
use crate::report::json::v1;
use crate::report::label;
use crate::report::measurement::number;
use crate::support::clock::humane;

/// Equal lines shown around a difference.
const CONTEXT_LINES: usize = 3;

/// Longer texts are not compared line by line.
const DIFF_BYTES: usize = 32 * 1024;

pub(crate) struct Case {
    pub(crate) anchor: String,
    pub(crate) id: String,
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
    pub(crate) open: bool,
    pub(crate) kind: String,
    pub(crate) checker: String,
    pub(crate) time: String,
    pub(crate) brief: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) files: Vec<FileView>,
    pub(crate) files_note: Option<String>,
    pub(crate) inputs: String,
    pub(crate) inputs_line: String,
    pub(crate) minimal: Option<String>,
    pub(crate) minimal_line: Option<String>,
    pub(crate) expected: Option<String>,
    pub(crate) outputs: Vec<OutputText>,
    pub(crate) difference: Vec<Line>,
    /// Every attempt, if there was more than one.
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) remarks: Vec<String>,
    pub(crate) repeat: Option<String>,
    pub(crate) metrics: String,
    pub(crate) page: Option<String>,
    pub(crate) prediction: String,
    pub(crate) logs: String,
}

/// The output of the staged or the live version as text.
pub(crate) struct OutputText {
    pub(crate) title: &'static str,
    pub(crate) text: Option<String>,
    pub(crate) error: Option<String>,
}

pub(crate) struct Attempt {
    pub(crate) number: usize,
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
    pub(crate) time: String,
    pub(crate) reason: Option<String>,
    pub(crate) shown: String,
    pub(crate) page: Option<String>,
    pub(crate) prediction: String,
}

pub(crate) struct Line {
    pub(crate) class: &'static str,
    pub(crate) sign: &'static str,
    pub(crate) text: String,
}

impl Case {
    pub(super) fn of(case: &v1::Case, anchor: String, cut: Cut) -> Self {
        let reason = case.failure().filter(|_| case.status != CaseStatus::Passed).map(|reason| cut.text(reason));
        let (files, files_note) = media::files(case, cut);
        let repeat = case.remarks.iter().find_map(|remark| reproduction_command(remark));
        let remarks = case.remarks.iter().filter(|remark| reproduction_command(remark).is_none());
        let inputs = Value::Object(case.inputs.clone());
        let minimal = case.minimal_inputs.clone().map(Value::Object);
        Self {
            anchor,
            id: cut.line(&case.id),
            class: case.status.as_str(),
            word: label::case(case.status),
            open: matches!(case.status, CaseStatus::Failed | CaseStatus::Errored),
            kind: cut.line(&case.kind),
            checker: cut.line(if case.checker == "none" { &case.kind } else { &case.checker }),
            time: humane(Duration::from_millis(case.duration_ms)),
            brief: reason.as_deref().and_then(|reason| reason.lines().next()).map(|line| shorten(line, 160)),
            reason: reason.filter(|reason| reason.lines().count() > 1 || reason.len() > 160),
            files,
            files_note,
            inputs: cut.value(&inputs),
            inputs_line: cut.short_value(&inputs),
            minimal: minimal.as_ref().map(|inputs| cut.value(inputs)),
            minimal_line: minimal.as_ref().map(|inputs| cut.short_value(inputs)),
            expected: case.expected.as_deref().map(|expected| cut.text(expected)),
            outputs: outputs(case, cut),
            difference: difference(case, cut),
            attempts: attempts(case, cut),
            remarks: remarks.map(|remark| cut.text(remark)).collect(),
            repeat: repeat.map(|command| cut.text(command)),
            metrics: metrics(case, cut),
            page: page(case.url.as_deref()),
            prediction: case.prediction_id.as_deref().map(|id| cut.line(id)).unwrap_or_default(),
            logs: cut.text(&case.logs),
        }
    }
}

impl Case {
    /// Whether the case shows an image or audio.
    pub(super) fn has_media(&self) -> bool {
        let mut figures = self.files.iter().flat_map(|file| &file.figures);
        figures.any(|figure| figure.image.is_some() || figure.audio.is_some())
    }
}

fn page(url: Option<&str>) -> Option<String> {
    url.filter(|url| is_web_address(url)).map(str::to_owned)
}

fn metrics(case: &v1::Case, cut: Cut) -> String {
    let metric = |(name, value): (&String, &Value)| {
        let shown = value.as_f64().map_or_else(|| cut.short_value(value), number);
        // Replicate's times are seconds: `docs/reference/replicate-api.md#the-prediction-object`.
        let unit = if name.ends_with("_time") { " s" } else { "" };
        format!("{} {shown}{unit}", cut.line(&name.replace('_', " ")))
    };
    case.metrics.iter().take(20).map(metric).collect::<Vec<_>>().join(" · ")
}

fn outputs(case: &v1::Case, cut: Cut) -> Vec<OutputText> {
    let side = |title, output: Option<&Value>, files: &[v1::FileEntry], error: Option<&str>| {
        let text = output.filter(|output| !media::is_only_files(output, files)).map(|output| cut.value(output));
        let error = error.map(|error| cut.text(error));
        (text.is_some() || error.is_some()).then_some(OutputText { title, text, error })
    };
    let staged = side("Output", case.output.as_ref(), &case.files, case.error.as_deref());
    // As with images, the live version comes first.
    let live = case
        .live
        .as_ref()
        .and_then(|live| side("Output of the live version", live.output.as_ref(), &case.live_files, live.error.as_deref()));
    live.into_iter().chain(staged).collect()
}

/// Every attempt with its output, so that both outputs of a flaky case are visible.
fn attempts(case: &v1::Case, cut: Cut) -> Vec<Attempt> {
    if case.attempts.len() < 2 {
        return Vec::new();
    }
    let attempt = |(number, attempt): (usize, &v1::Attempt)| {
        let (class, word) = if attempt.reason.is_some() { ("failed", "failed") } else { ("passed", "passed") };
        let shown = match (&attempt.error, &attempt.output) {
            (Some(error), _) => cut.text(error),
            (None, Some(output)) => cut.value(output),
            (None, None) => String::new(),
        };
        Attempt {
            number,
            class,
            word,
            time: humane(Duration::from_millis(attempt.duration_ms)),
            reason: attempt.reason.as_deref().map(|reason| cut.text(reason)),
            shown,
            page: page(attempt.url.as_deref()),
            prediction: attempt.prediction_id.as_deref().map(|id| cut.line(id)).unwrap_or_default(),
        }
    };
    (1..).zip(&case.attempts).take(20).map(attempt).collect()
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
fn difference(case: &v1::Case, cut: Cut) -> Vec<Line> {
    // The URLs of files always differ.
    let shown = |output: &Value, files| (!media::is_only_files(output, files)).then(|| cut.value(&without_addresses(output)));
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
