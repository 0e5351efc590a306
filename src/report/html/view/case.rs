//! A case: inputs, outputs, expectation, and every attempt.

use std::time::Duration;

use cog_findings::text::shorten;
use serde_json::Value;

use super::cut::{Cut, is_web_address};
use super::diff::{self, Line};
use super::embedded;
use super::media::{self, FileView};
use super::steps::{Steps, steps};
use crate::domain::report::CaseStatus;
use crate::report::json::v1;
use crate::report::label;
use crate::report::measurement::number;
use crate::support::clock::readable_duration;

pub(crate) struct Case {
    pub(crate) anchor: String,
    pub(crate) id: String,
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
    pub(crate) open: bool,
    pub(crate) kind: String,
    pub(crate) checker: String,
    /// Where the configuration asks for it, if its lines are not shown.
    pub(crate) location: Option<String>,
    pub(crate) sources: Vec<Source>,
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
    pub(crate) reproduction: Option<String>,
    pub(crate) steps: Vec<Steps>,
    pub(crate) metrics: String,
    pub(crate) page: Option<String>,
    pub(crate) prediction: String,
    pub(crate) logs: String,
}

/// Lines of the configuration or of the model, and which of them matters.
pub(crate) struct Source {
    pub(crate) place: String,
    pub(crate) lines: Vec<SourceLine>,
}

pub(crate) struct SourceLine {
    pub(crate) number: u32,
    pub(crate) is_marked: bool,
    pub(crate) text: String,
}

impl Source {
    fn of(source: &v1::SourceEntry, cut: Cut) -> Self {
        let lines = (source.first_line..).zip(&source.lines);
        let line = |(number, text): (u32, &String)| SourceLine { number, is_marked: number == source.line, text: cut.text(text) };
        Self { place: cut.line(&format!("{}:{}", source.file, source.line)), lines: lines.map(line).collect() }
    }
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

impl Case {
    pub(super) fn of(case: &v1::Case, anchor: String, cut: Cut) -> Self {
        let reason = case.failure().filter(|_| case.status != CaseStatus::Passed).map(|reason| cut.text(reason));
        let (files, files_note) = media::files(case, cut);
        let sources: Vec<Source> = case.sources.iter().map(|source| Source::of(source, cut)).collect();
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
            location: location(case)
                .filter(|location| !sources.iter().any(|source| source.place == *location))
                .map(|text| cut.line(&text)),
            sources,
            time: readable_duration(Duration::from_millis(case.duration_ms)),
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
            difference: diff::of_case(case, cut),
            attempts: attempts(case, cut),
            remarks: case.remarks.iter().map(|remark| cut.text(remark)).collect(),
            // Half a command cannot be run.
            reproduction: case.reproduction.as_deref().map(|command| match command.len() <= cut.text_bytes {
                true => cut.text(command),
                false => "run.json has the command, which is too long for this page".to_owned(),
            }),
            steps: steps(case),
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

fn location(case: &v1::Case) -> Option<String> {
    let line = case.line.map(|line| format!(":{line}")).unwrap_or_default();
    case.file.as_ref().map(|file| format!("{file}{line}"))
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
        let text = output.filter(|output| !embedded::is_only_files(output, files)).map(|output| cut.value(output));
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
            time: readable_duration(Duration::from_millis(attempt.duration_ms)),
            reason: attempt.reason.as_deref().map(|reason| cut.text(reason)),
            shown,
            page: page(attempt.url.as_deref()),
            prediction: attempt.prediction_id.as_deref().map(|id| cut.line(id)).unwrap_or_default(),
        }
    };
    (1..).zip(&case.attempts).take(20).map(attempt).collect()
}
