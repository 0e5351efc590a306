//! The summary at the end of a run: everything that a person needs to know.

use std::time::Duration;

use cog_findings::text::{count, shorten};

use super::finding::{error, finding_entry};
use super::style::{Style, Tone, tone_of_case, tone_of_stage, tone_of_verdict};
use crate::domain::report::{CaseStatus, StageStatus};
use crate::report::before_after::before_after_text;
use crate::report::json::v1::{Case, Model, Run, Severity, StageEntry};
use crate::report::{escape, label};
use crate::support::clock::humane;

/// Size limit of an output or of inputs, in bytes. The reports have the rest.
const VALUE_BYTES: usize = 300;

const LOG_LINES: usize = 12;

/// The reports have the rest.
const MAX_NOTES: usize = 5;

/// A run as a few paragraphs.
pub(crate) fn summary(run: &Run, style: Style) -> String {
    let mut parts: Vec<String> = run.findings.iter().map(|finding| finding_entry(finding, style)).collect();
    parts.extend(run.error.as_ref().map(|problem| error(&problem.message, problem.hint.as_deref(), style)));
    parts.extend(run.models.iter().map(|model| model_summary(model, style)));
    parts.extend(run.notices.iter().map(|notice| escape::line(notice)));
    if run.models.len() > 1 {
        let passed = run.models.iter().filter(|model| model.verdict.exit_code() == 0).count();
        let verdict = style.paint(tone_of_verdict(run.verdict), label::verdict(run.verdict));
        parts.push(format!("{verdict}: {passed} of {} passed", count(run.models.len(), "model")));
    }
    parts.join("\n\n")
}

fn model_summary(model: &Model, style: Style) -> String {
    let verdict = style.paint(tone_of_verdict(model.verdict), label::verdict(model.verdict));
    let title = if model.model.ends_with(&format!("/{}", model.name)) {
        escape::line(&model.model)
    } else {
        // Several configurations may share a model.
        format!("{} ({})", escape::line(&model.model), escape::line(&model.name))
    };
    let mut text = format!("{} {verdict}", style.paint(Tone::Strong, &title));
    push_stages(&mut text, &model.stages, style);
    push_versions(&mut text, model);
    let shown = model.findings.iter().filter(|finding| finding.severity > Severity::Note);
    for finding in shown {
        text.push_str(&format!("\n\n{}", finding_entry(finding, style)));
    }
    push_notes(&mut text, model, style);
    for case in model.cases.iter().filter(|case| is_shown(case)) {
        text.push_str(&format!("\n\n{}", case_summary(case, style)));
    }
    if let Some(problem) = &model.error {
        text.push_str(&format!("\n\n{}", error(&problem.message, problem.hint.as_deref(), style)));
    }
    if let Some(command) = label::rollback(model) {
        text.push_str(&format!("\n\nroll back with: {}", escape::line(&command)));
    }
    text
}

/// Notes change nothing, so each has one line.
fn push_notes(text: &mut String, model: &Model, style: Style) {
    let notes: Vec<_> = model.findings.iter().filter(|finding| finding.severity == Severity::Note).collect();
    if notes.is_empty() {
        return;
    }
    text.push('\n');
    for note in notes.iter().take(MAX_NOTES) {
        let place = note.file.as_deref().map(|file| {
            let line = note.line.map(|line| format!(":{line}")).unwrap_or_default();
            format!("{}{line}: ", escape::line(file))
        });
        let label = style.paint(Tone::Quiet, &format!("note[{}]:", escape::line(&note.code)));
        text.push_str(&format!("\n{label} {}{}", place.unwrap_or_default(), escape::line(&note.message)));
    }
    let more = notes.len().saturating_sub(MAX_NOTES);
    let rest = if more > 0 { format!("and {}; ", count(more, "more note")) } else { String::new() };
    text.push_str(&format!("\n{}", style.paint(Tone::Quiet, &format!("{rest}--verbose shows notes in full"))));
}

/// One line per stage that ran, and one for consecutive stages that were skipped for the same reason.
fn push_stages(text: &mut String, stages: &[StageEntry], style: Style) {
    for group in stages.chunk_by(|one, next| is_skipped(one) && is_skipped(next) && one.note == next.note) {
        let [first, ..] = group else { continue };
        let note = first.note.as_deref().map(escape::line);
        let word = |label: &str| style.paint(tone_of_stage(first.status), label);
        let line = if is_skipped(first) {
            let names: Vec<&str> = group.iter().map(|stage| stage.name.as_str()).collect();
            let why = note.map(|note| format!(": {note}")).unwrap_or_default();
            format!("{} {}{why}", word(&format!("{:<8}", label::stage(first.status))), names.join(", "))
        } else {
            let time = humane(Duration::from_millis(first.duration_ms));
            let status = word(&format!("{:<9}", label::stage(first.status)));
            let note = note.map(|note| format!("  {note}")).unwrap_or_default();
            format!("{:<8} {status} {time:>9}{note}", first.name.as_str())
        };
        text.push_str(&format!("\n  {line}"));
    }
}

fn is_skipped(stage: &StageEntry) -> bool {
    stage.status == StageStatus::Skipped
}

fn push_versions(text: &mut String, model: &Model) {
    let versions = &model.versions;
    let told =
        [("tested", &versions.test), ("live", &versions.live), ("official", &versions.official), ("before", &versions.previous)];
    for (label, version) in told {
        if let Some(version) = version {
            text.push_str(&format!("\n  {label:<8} {}", escape::line(version)));
        }
    }
    for version in &versions.trained {
        text.push_str(&format!("\n  trained  {}", escape::line(version)));
    }
    if let Some(layers) = &model.layers {
        let number = count(layers.staged.len(), "layer");
        let verdict = if layers.equal { "the same in both" } else { "different" };
        text.push_str(&format!("\n  layers   {number}, {verdict}"));
    }
    if let Some(transfer) = &model.transfer {
        let reason = transfer.reason.as_deref().map(|reason| format!(" ({})", escape::line(reason))).unwrap_or_default();
        text.push_str(&format!("\n  sent     {}{reason}", label::transfer(transfer)));
    }
    for entry in &model.before_after {
        let row = before_after_text(entry);
        let note = if row.note.is_empty() { String::new() } else { format!(", {}", escape::line(&row.note)) };
        text.push_str(&format!("\n  compared {}{note}", row.line()));
    }
    if let Some(seed) = model.seed {
        text.push_str(&format!("\n  seed     {seed}"));
    }
}

fn is_shown(case: &Case) -> bool {
    matches!(case.status, CaseStatus::Failed | CaseStatus::Errored | CaseStatus::Flaky)
}

fn case_summary(case: &Case, style: Style) -> String {
    let status = style.paint(tone_of_case(case.status), label::case(case.status));
    let mut text = format!("{} {status}", style.paint(Tone::Strong, &escape::line(&case.id)));
    if let Some(reason) = case.failure() {
        text.push_str(&format!(": {}", escape::terminal(reason).trim_end().replace('\n', "\n    ")));
    }
    let mut fact = |label: &str, value: String| text.push_str(&format!("\n  {label:<9} {value}"));
    fact("inputs", json(&serde_json::Value::Object(case.inputs.clone())));
    if let Some(minimal) = &case.minimal_inputs {
        fact("minimal", json(&serde_json::Value::Object(minimal.clone())));
    }
    if let Some(output) = &case.output {
        fact("output", json(output));
    }
    if let Some(live) = case.live.as_ref().and_then(|live| live.output.as_ref()) {
        fact("live", json(live));
    }
    if let Some(url) = &case.url {
        fact("page", escape::line(url));
    }
    let logs: Vec<&str> = case.logs.lines().collect();
    if case.status != CaseStatus::Flaky && !logs.is_empty() {
        let last = &logs[logs.len().saturating_sub(LOG_LINES)..];
        let lines: Vec<String> = last.iter().map(|line| format!("    {}", escape::line(line))).collect();
        text.push_str(&format!("\n  logs\n{}", lines.join("\n")));
    }
    for remark in &case.remarks {
        text.push_str(&format!("\n  {}", escape::line(remark)));
    }
    text
}

fn json(value: &serde_json::Value) -> String {
    escape::line(&shorten(&value.to_string(), VALUE_BYTES))
}
