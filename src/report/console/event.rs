//! The events of a run, one line each.

use std::time::Duration;

use cog_findings::text::{count, shorten};

use super::finding::finding;
use super::style::{Style, Tone, tone_of_case, tone_of_stage, tone_of_verdict};
use crate::domain::events::{BuildStepState, Event, EventKind, LayerOutcome};
use crate::domain::report::{CaseReport, CaseStatus, StageStatus};
use crate::report::{escape, label};
use crate::support::clock::readable_duration;

/// Size limit of a reason on its line, in bytes. The summary has the rest.
const REASON_BYTES: usize = 300;

/// Size limit of a failed step's name, in bytes.
const STEP_BYTES: usize = 100;

/// The line for an event; `None` if this verbosity does not show it (0: stages and failed cases; 1: also findings, build output and
/// predictions).
pub(crate) fn event_line(event: &Event, style: Style, verbosity: u8) -> Option<String> {
    let text = text(&event.kind, style, verbosity)?;
    let line = match &event.model {
        Some(model) => format!("{} {text}", style.paint(Tone::Quiet, &format!("[{}]", escape::line(model)))),
        None => text,
    };
    // A finding has lines of its own.
    Some(if matches!(event.kind, EventKind::Found(_)) { line } else { style.wrapped(&line, 0, 2) })
}

fn text(kind: &EventKind, style: Style, verbosity: u8) -> Option<String> {
    let detailed = verbosity > 0;
    match kind {
        EventKind::ModelStarted => detailed.then(|| "started".to_owned()),
        EventKind::ModelFinished(report) => Some(style.paint(tone_of_verdict(report.verdict), label::verdict(report.verdict))),
        EventKind::StageStarted(stage) => detailed.then(|| format!("{stage} ...")),
        // The summary lists skipped stages on one line.
        EventKind::StageFinished { status: StageStatus::Skipped, .. } if !detailed => None,
        EventKind::StageFinished { stage, status, duration, note } => {
            let status = style.paint(tone_of_stage(*status), label::stage(*status));
            let note = note.as_deref().map(|note| format!(": {}", escape::line(note))).unwrap_or_default();
            Some(format!("{stage} {status}{}{note}", took(*duration)))
        }
        // The summary shows all findings. An error stops its stage, so the summary follows soon.
        EventKind::Found(found) => detailed.then(|| finding(found, style)),
        EventKind::Notice(text) => Some(escape::line(text)),
        EventKind::BuildStep { name, state } => build_step(&escape::line(name), *state, detailed),
        EventKind::BuildOutput(line) => detailed.then(|| format!("  {}", escape::line(line))),
        EventKind::PushProgress { .. } => None,
        EventKind::LayerPushed { outcome, done, layers } => {
            detailed.then(|| format!("  layer {done} of {layers}: {}", layer_label(*outcome)))
        }
        EventKind::PushRepeated { reason, wait } => {
            Some(format!("retrying the push in {}: {}", readable_duration(*wait), escape::line(reason)))
        }
        EventKind::Waiting { reason, wait } => Some(format!("waiting {}: {}", readable_duration(*wait), escape::line(reason))),
        // The summary has it.
        EventKind::VersionReady(version) => detailed.then(|| format!("version {version}")),
        EventKind::PredictionStarted(prediction) => detailed.then(|| format!("prediction {prediction} runs")),
        EventKind::PredictionFinished(_) => None,
        EventKind::CasesPlanned { cases } => detailed.then(|| count(*cases, "case")),
        EventKind::PredictionCreated { case, prediction, url } => detailed.then(|| {
            let page = url.as_deref().map(|url| format!(" {}", escape::line(url))).unwrap_or_default();
            format!("{case}: prediction {prediction}{page}")
        }),
        EventKind::CaseFinished(case) => (detailed || case.status != CaseStatus::Passed).then(|| finished(case, style, detailed)),
    }
}

fn took(duration: Duration) -> String {
    if duration.is_zero() { String::new() } else { format!(" in {}", readable_duration(duration)) }
}

fn build_step(name: &str, state: BuildStepState, detailed: bool) -> Option<String> {
    match state {
        BuildStepState::Started => detailed.then(|| format!("  {name}")),
        BuildStepState::Cached => detailed.then(|| format!("  {name}: cached")),
        BuildStepState::Done { duration } => detailed.then(|| format!("  {name}: done{}", took(duration))),
        // The finding that follows has the whole step.
        BuildStepState::Failed => Some(format!("  {}: failed", shorten(&step_name(name), STEP_BYTES))),
    }
}

/// A step as people know it. What is mounted would leave no room for the command.
pub(crate) fn step_name(step: &str) -> String {
    step.split(' ').filter(|word| !word.starts_with("--mount=")).collect::<Vec<_>>().join(" ")
}

fn layer_label(outcome: LayerOutcome) -> &'static str {
    match outcome {
        LayerOutcome::Sent => "pushed",
        LayerOutcome::AlreadyThere => "already present",
        LayerOutcome::Mounted => "mounted from another model",
    }
}

fn finished(case: &CaseReport, style: Style, detailed: bool) -> String {
    let status = style.paint(tone_of_case(case.status), label::case(case.status));
    let last = case.last_attempt();
    let reason = match case.status {
        CaseStatus::Flaky => case.attempts.iter().find_map(|attempt| attempt.reason.as_deref()),
        _ => last.and_then(|attempt| attempt.reason.as_deref()),
    };
    let reason = reason.map(|reason| shorten(&escape::line(reason), REASON_BYTES));
    let reason = match (case.status, reason) {
        (_, None) => String::new(),
        (CaseStatus::Flaky, Some(reason)) => format!(": passed when repeated; at first: {reason}"),
        (_, Some(reason)) => format!(": {reason}"),
    };
    let predictions = match (detailed, case.live.as_ref().and_then(|live| live.prediction.as_ref())) {
        (true, Some(live)) => {
            let staged = last.and_then(|attempt| attempt.prediction.as_ref()).map_or("none", |id| id.as_str());
            format!(" (staged {staged}, live {live})")
        }
        _ => String::new(),
    };
    format!("{} {status}{}{predictions}{reason}", case.id, took(case.duration))
}
