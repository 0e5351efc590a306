//! What the template shows: words and classes, decided here so that the template only places them.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::domain::report::{CaseStatus, DeploymentChange, StageStatus};
use crate::domain::verdict;
use crate::report::escape;
use crate::report::json::v1;
use crate::support::clock::humane;
use crate::support::text::{count, shorten};

/// How much of one text is shown.
const TEXT_BYTES: usize = 64 * 1024;

/// How much of a `data:` URL is embedded; a larger picture would make the page unusable.
const DATA_URL_BYTES: usize = 8 * 1024 * 1024;

/// Texts longer than this are not compared line by line.
const DIFF_BYTES: usize = 32 * 1024;

/// Beyond this many the rest of an output's files is not shown.
const MOST_FILES: usize = 24;

/// A verdict: its name is a class of the style, its words are for people.
pub(super) struct Verdict(verdict::Verdict);

impl Verdict {
    pub(super) fn words(&self) -> &'static str {
        match self.0 {
            verdict::Verdict::Passed => "passed",
            verdict::Verdict::Failed => "failed",
            verdict::Verdict::ServiceError => "a service failed",
            verdict::Verdict::Billing => "billing",
            verdict::Verdict::Misconfigured => "misconfigured",
            verdict::Verdict::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

pub(super) struct Run {
    pub(super) verdict: Verdict,
    pub(super) model_count: String,
    pub(super) duration: String,
    pub(super) started_at: String,
    pub(super) tool_version: String,
    pub(super) notices: Vec<String>,
    pub(super) models: Vec<Model>,
}

pub(super) struct Model {
    pub(super) name: String,
    pub(super) model: String,
    pub(super) verdict: Verdict,
    pub(super) error: Option<v1::ErrorEntry>,
    pub(super) stages: Vec<Stage>,
    pub(super) facts: Vec<Fact>,
    pub(super) layers: Option<Layers>,
    pub(super) findings: Vec<Finding>,
    pub(super) ignored: Option<String>,
    pub(super) case_counts: String,
    pub(super) cases: Vec<Case>,
}

pub(super) struct Stage {
    pub(super) class: &'static str,
    pub(super) name: &'static str,
    pub(super) word: &'static str,
    pub(super) time: String,
    pub(super) note: Option<String>,
}

pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) code: bool,
}

pub(super) struct Layers {
    pub(super) equal: bool,
    pub(super) count: String,
    pub(super) staged: Vec<String>,
    pub(super) published: Vec<String>,
}

pub(super) struct Finding {
    pub(super) class: &'static str,
    pub(super) severity: &'static str,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) place: Option<String>,
    pub(super) details: Vec<Detail>,
    pub(super) hint: Option<String>,
}

pub(super) struct Detail {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) multiline: bool,
}

pub(super) struct Case {
    pub(super) id: String,
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) open: bool,
    pub(super) checker: String,
    pub(super) time: String,
    pub(super) brief: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) inputs: String,
    pub(super) minimal: Option<String>,
    pub(super) expected: Option<String>,
    pub(super) sides: Vec<Side>,
    pub(super) difference: Vec<Line>,
    pub(super) remarks: Vec<String>,
    pub(super) page: Option<String>,
    pub(super) prediction: String,
    pub(super) logs: String,
}

/// An output: that of the staged version, or of the live one.
pub(super) struct Side {
    pub(super) title: &'static str,
    pub(super) media: Vec<Media>,
    pub(super) text: Option<String>,
    pub(super) error: Option<String>,
}

pub(super) struct Media {
    pub(super) url: String,
    pub(super) image: bool,
}

pub(super) struct Line {
    pub(super) class: &'static str,
    pub(super) sign: &'static str,
    pub(super) text: String,
}

impl Run {
    pub(super) fn of(run: &v1::Run) -> Self {
        Self {
            verdict: Verdict(run.verdict),
            model_count: count(run.models.len(), "model"),
            duration: humane(Duration::from_millis(run.duration_ms)),
            started_at: clean(&run.started_at),
            tool_version: clean(&run.tool_version),
            notices: run.notices.iter().map(|notice| clean(notice)).collect(),
            models: run.models.iter().map(Model::of).collect(),
        }
    }
}

impl Model {
    fn of(model: &v1::Model) -> Self {
        let ignored: Vec<&str> = model.ignored.iter().map(|finding| finding.code.as_str()).collect();
        Self {
            name: clean(&model.name),
            model: clean(&model.model),
            verdict: Verdict(model.verdict),
            error: model
                .error
                .as_ref()
                .map(|error| v1::ErrorEntry { message: clean(&error.message), hint: error.hint.as_deref().map(clean) }),
            stages: model.stages.iter().map(Stage::of).collect(),
            facts: facts(model),
            layers: model.layers.as_ref().map(|layers| Layers {
                equal: layers.equal,
                count: count(layers.staged.len(), "layer"),
                staged: layers.staged.clone(),
                published: layers.published.clone(),
            }),
            findings: model.findings.iter().map(Finding::of).collect(),
            ignored: (!ignored.is_empty()).then(|| clean(&ignored.join(", "))),
            case_counts: case_counts(&model.cases),
            cases: model.cases.iter().map(Case::of).collect(),
        }
    }
}

fn facts(model: &v1::Model) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |label, value: Option<String>, code| {
        if let Some(value) = value {
            facts.push(Fact { label, value: clean(&value), code });
        }
    };
    fact("Tested", model.versions.test.clone(), true);
    fact("Published", model.versions.live.clone(), true);
    fact("Live before", model.versions.previous.clone(), true);
    for version in &model.versions.trained {
        fact("Left by a test training", Some(version.clone()), true);
    }
    fact("Deployment", model.deployment.as_ref().map(deployment), false);
    fact("Configuration", model.config.clone(), true);
    fact("Seed", model.seed.map(|seed| format!("{seed} (--seed repeats the made inputs)")), false);
    fact("Predictions", (model.cost.predictions > 0).then(|| cost(&model.cost)), false);
    facts
}

fn deployment(deployment: &v1::Deployment) -> String {
    let change = match deployment.change {
        DeploymentChange::Created => "created",
        DeploymentChange::Updated => "updated",
        DeploymentChange::Unchanged => "unchanged",
    };
    let release = deployment.release.map(|number| format!(", release {number}")).unwrap_or_default();
    format!("{} {change}{release}", deployment.name)
}

fn cost(cost: &v1::Cost) -> String {
    let repeats = match cost.platform_retries {
        0 => String::new(),
        number => format!(", {number} repeated after errors of the platform"),
    };
    let usd = cost.estimated_usd.map(|usd| format!(", about ${usd:.4}")).unwrap_or_default();
    format!("{}{repeats}, {:.1} s of run time{usd}", cost.predictions, cost.predict_seconds)
}

fn case_counts(cases: &[v1::Case]) -> String {
    let statuses = [
        CaseStatus::Failed,
        CaseStatus::Errored,
        CaseStatus::Flaky,
        CaseStatus::Passed,
        CaseStatus::Cancelled,
        CaseStatus::Skipped,
    ];
    let counted = statuses.into_iter().filter_map(|status| {
        let number = cases.iter().filter(|case| case.status == status).count();
        (number > 0).then(|| format!("{number} {}", status.as_str()))
    });
    counted.collect::<Vec<_>>().join(", ")
}

impl Stage {
    fn of(stage: &v1::StageEntry) -> Self {
        let (class, word) = match stage.status {
            StageStatus::Passed => ("passed", "passed"),
            StageStatus::Failed => ("failed", "failed"),
            StageStatus::Errored => ("errored", "error"),
            StageStatus::Cancelled => ("cancelled", "cancelled"),
            StageStatus::Skipped => ("skipped", "skipped"),
        };
        let time = match stage.status {
            StageStatus::Skipped => String::new(),
            _ => humane(Duration::from_millis(stage.duration_ms)),
        };
        Self { class, name: stage.name.as_str(), word, time, note: stage.note.as_deref().map(clean) }
    }
}

impl Finding {
    fn of(finding: &v1::FindingEntry) -> Self {
        let place = finding.file.as_ref().map(|file| match (finding.line, finding.column) {
            (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            (Some(line), None) => format!("{file}:{line}"),
            (None, _) => file.clone(),
        });
        Self {
            class: finding.severity.as_str(),
            severity: finding.severity.as_str(),
            code: clean(&finding.code),
            message: clean(&finding.message),
            place: place.as_deref().map(clean),
            details: finding
                .details
                .iter()
                .map(|detail| Detail {
                    label: clean(&detail.label),
                    value: clean(&detail.value),
                    multiline: detail.value.trim_end().contains('\n'),
                })
                .collect(),
            hint: finding.hint.as_deref().map(clean),
        }
    }
}

impl Case {
    fn of(case: &v1::Case) -> Self {
        let reason = case.reason.as_deref().map(clean);
        Self {
            id: clean(&case.id),
            class: case.status.as_str(),
            word: case.status.as_str(),
            open: matches!(case.status, CaseStatus::Failed | CaseStatus::Errored),
            checker: if case.checker == "none" { clean(&case.kind) } else { clean(&case.checker) },
            time: humane(Duration::from_millis(case.duration_ms)),
            brief: reason.as_deref().and_then(|reason| reason.lines().next()).map(|line| shorten(line, 160)),
            reason: reason.filter(|reason| reason.lines().count() > 1 || reason.len() > 160),
            inputs: pretty(&Value::Object(case.inputs.clone())),
            minimal: case.minimal_inputs.clone().map(|inputs| pretty(&Value::Object(inputs))),
            expected: case.expected.as_deref().map(clean),
            sides: sides(case),
            difference: difference(case),
            remarks: case.remarks.iter().map(|remark| clean(remark)).collect(),
            page: case.url.as_deref().filter(|url| is_web_address(url)).map(clean),
            prediction: case.prediction_id.as_deref().map(clean).unwrap_or_default(),
            logs: clean(&case.logs),
        }
    }
}

fn sides(case: &v1::Case) -> Vec<Side> {
    let mut sides = Vec::new();
    if case.output.is_some() || case.error.is_some() {
        sides.push(side("Output", case.output.as_ref(), case.error.as_deref()));
    }
    if let Some(live) = &case.live {
        sides.push(side("Output of the live version", live.output.as_ref(), live.error.as_deref()));
    }
    sides
}

fn side(title: &'static str, output: Option<&Value>, error: Option<&str>) -> Side {
    let media: Vec<Media> = output.map(media_of).unwrap_or_default();
    let text = output.filter(|_| media.is_empty()).map(pretty);
    Side { title, media, text, error: error.map(clean) }
}

/// The files of an output that a page can show: the output itself, or the items of a list.
fn media_of(output: &Value) -> Vec<Media> {
    let items = match output {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    items.iter().filter_map(Value::as_str).filter_map(media).take(MOST_FILES).collect()
}

fn media(url: &str) -> Option<Media> {
    let image = if let Some(rest) = url.strip_prefix("data:") {
        // SVG can hold scripts; as an image it cannot run them, but nobody expects one here.
        let kind = rest.split([';', ',']).next()?;
        match kind {
            "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/bmp" => true,
            "audio/mpeg" | "audio/wav" | "audio/x-wav" | "audio/ogg" | "audio/flac" => false,
            _ => return None,
        }
    } else if is_web_address(url) {
        let path = url.split(['?', '#']).next()?;
        match path.rsplit('.').next()?.to_ascii_lowercase().as_str() {
            "png" | "jpg" | "jpeg" | "gif" | "webp" | "bmp" => true,
            "mp3" | "wav" | "ogg" | "flac" => false,
            _ => return None,
        }
    } else {
        return None;
    };
    (url.len() <= DATA_URL_BYTES).then(|| Media { url: url.to_owned(), image })
}

fn is_web_address(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && !url.contains(|c: char| c.is_control() || c.is_whitespace())
}

/// Line by line, where two texts can be compared: the expected one, else that of the live version.
fn difference(case: &v1::Case) -> Vec<Line> {
    let live = case.live.as_ref().and_then(|live| live.output.as_ref());
    let before = match (case.checker.as_str(), &case.expected, live) {
        ("exact_string", Some(expected), _) => expected.clone(),
        (_, _, Some(output)) if media_of(output).is_empty() => pretty(output),
        _ => return Vec::new(),
    };
    let after = match &case.output {
        Some(output) if media_of(output).is_empty() => pretty(output),
        _ => return Vec::new(),
    };
    if before == after || before.len() > DIFF_BYTES || after.len() > DIFF_BYTES {
        return Vec::new();
    }
    let lines = TextDiff::from_lines(&before, &after);
    let line = |change: similar::Change<&str>| {
        let (class, sign) = match change.tag() {
            ChangeTag::Equal => ("same", " "),
            ChangeTag::Delete => ("remove", "-"),
            ChangeTag::Insert => ("add", "+"),
        };
        Line { class, sign, text: clean(change.value().trim_end_matches('\n')) }
    };
    lines.iter_all_changes().map(line).collect()
}

fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        other => clean(&serde_json::to_string_pretty(other).unwrap_or_else(|_unprintable| other.to_string())),
    }
}

/// Without control characters, and not endless. The template escapes the rest.
fn clean(text: &str) -> String {
    shorten(&escape::terminal(text), TEXT_BYTES)
}
