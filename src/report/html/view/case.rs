//! A case: what was sent, what came back, what was expected, and every try.

use std::time::Duration;

use cog_findings::text::shorten;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::media::{self, Place};
use super::words::{Cut, is_web_address};
use crate::domain::report::{CaseStatus, REPRODUCTION};
use crate::report::json::v1;
use crate::report::measurement::number;
use crate::support::clock::humane;

/// Texts longer than this are not compared line by line.
const DIFF_BYTES: usize = 32 * 1024;

pub(in crate::report::html) struct Case {
    pub(in crate::report::html) anchor: String,
    pub(in crate::report::html) id: String,
    pub(in crate::report::html) class: &'static str,
    pub(in crate::report::html) word: &'static str,
    pub(in crate::report::html) open: bool,
    pub(in crate::report::html) checker: String,
    pub(in crate::report::html) time: String,
    pub(in crate::report::html) brief: Option<String>,
    pub(in crate::report::html) reason: Option<String>,
    pub(in crate::report::html) places: Vec<Place>,
    pub(in crate::report::html) places_note: Option<String>,
    pub(in crate::report::html) inputs: String,
    pub(in crate::report::html) inputs_line: String,
    pub(in crate::report::html) minimal: Option<String>,
    pub(in crate::report::html) minimal_line: Option<String>,
    pub(in crate::report::html) expected: Option<String>,
    pub(in crate::report::html) sides: Vec<Side>,
    pub(in crate::report::html) difference: Vec<Line>,
    /// Every try, where there was more than one.
    pub(in crate::report::html) attempts: Vec<Attempt>,
    pub(in crate::report::html) remarks: Vec<String>,
    pub(in crate::report::html) repeat: Option<String>,
    pub(in crate::report::html) metrics: String,
    pub(in crate::report::html) page: Option<String>,
    pub(in crate::report::html) prediction: String,
    pub(in crate::report::html) logs: String,
}

/// An output as text: that of the staged version, or of the live one.
pub(in crate::report::html) struct Side {
    pub(in crate::report::html) title: &'static str,
    pub(in crate::report::html) text: Option<String>,
    pub(in crate::report::html) error: Option<String>,
}

pub(in crate::report::html) struct Attempt {
    pub(in crate::report::html) number: usize,
    pub(in crate::report::html) class: &'static str,
    pub(in crate::report::html) word: &'static str,
    pub(in crate::report::html) time: String,
    pub(in crate::report::html) reason: Option<String>,
    pub(in crate::report::html) shown: String,
    pub(in crate::report::html) page: Option<String>,
    pub(in crate::report::html) prediction: String,
}

pub(in crate::report::html) struct Line {
    pub(in crate::report::html) class: &'static str,
    pub(in crate::report::html) sign: &'static str,
    pub(in crate::report::html) text: String,
}

impl Case {
    pub(super) fn of(case: &v1::Case, anchor: String, cut: Cut) -> Self {
        let reason = case.reason.as_deref().map(|reason| cut.text(reason));
        let (places, places_note) = media::places(case, cut);
        let (repeat, remarks): (Vec<&String>, Vec<&String>) =
            case.remarks.iter().partition(|remark| remark.starts_with(REPRODUCTION));
        let inputs = Value::Object(case.inputs.clone());
        let minimal = case.minimal_inputs.clone().map(Value::Object);
        Self {
            anchor,
            id: cut.line(&case.id),
            class: case.status.as_str(),
            word: case.status.as_str(),
            open: matches!(case.status, CaseStatus::Failed | CaseStatus::Errored),
            checker: cut.line(if case.checker == "none" { &case.kind } else { &case.checker }),
            time: humane(Duration::from_millis(case.duration_ms)),
            brief: reason.as_deref().and_then(|reason| reason.lines().next()).map(|line| shorten(line, 160)),
            reason: reason.filter(|reason| reason.lines().count() > 1 || reason.len() > 160),
            places,
            places_note,
            inputs: cut.value(&inputs),
            inputs_line: cut.short_value(&inputs),
            minimal: minimal.as_ref().map(|inputs| cut.value(inputs)),
            minimal_line: minimal.as_ref().map(|inputs| cut.short_value(inputs)),
            expected: case.expected.as_deref().map(|expected| cut.text(expected)),
            sides: sides(case, cut),
            difference: difference(case, cut),
            attempts: attempts(case, cut),
            remarks: remarks.into_iter().map(|remark| cut.text(remark)).collect(),
            repeat: repeat.first().map(|remark| cut.text(&remark[REPRODUCTION.len()..])),
            metrics: metrics(case, cut),
            page: page(case.url.as_deref()),
            prediction: case.prediction_id.as_deref().map(|id| cut.line(id)).unwrap_or_default(),
            logs: cut.text(&case.logs),
        }
    }
}

impl Case {
    /// Whether there is a picture or a sound.
    pub(super) fn has_media(&self) -> bool {
        let mut figures = self.places.iter().flat_map(|place| &place.figures);
        figures.any(|figure| figure.picture.is_some() || figure.sound.is_some())
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

fn sides(case: &v1::Case, cut: Cut) -> Vec<Side> {
    let side = |title, output: Option<&Value>, files: &[v1::FileEntry], error: Option<&str>| {
        let text = output.filter(|output| !media::is_only_files(output, files)).map(|output| cut.value(output));
        let error = error.map(|error| cut.text(error));
        (text.is_some() || error.is_some()).then_some(Side { title, text, error })
    };
    let staged = side("Output", case.output.as_ref(), &case.files, case.error.as_deref());
    // As with pictures, what was before stands before what is now.
    let live = case
        .live
        .as_ref()
        .and_then(|live| side("Output of the live version", live.output.as_ref(), &case.live_files, live.error.as_deref()));
    live.into_iter().chain(staged).collect()
}

/// Every try with what it gave, so that both outputs of a flaky case can be seen.
fn attempts(case: &v1::Case, cut: Cut) -> Vec<Attempt> {
    if case.attempts.len() < 2 {
        return Vec::new();
    }
    let attempt = |(number, attempt): (usize, &v1::Attempt)| {
        let (class, word) = if attempt.reason.is_some() { ("failed", "did not pass") } else { ("passed", "passed") };
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

/// Line by line, where two texts can be compared: the expected one, else that of the live version.
fn difference(case: &v1::Case, cut: Cut) -> Vec<Line> {
    // Where files lie differs each time.
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
    lines.iter_all_changes().map(line).collect()
}
