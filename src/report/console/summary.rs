//! The summary at the end of a run: everything that a person needs to know.

use std::time::Duration;

use cog_findings::text::{count, shorten};

use super::columns::columns;
use super::finding::{error, finding_entry};
use super::style::{Style, Tone, tone_of_case, tone_of_stage, tone_of_verdict};
use crate::domain::report::{CaseStatus, StageStatus};
use crate::domain::verdict::Verdict;
use crate::report::before_after::before_after_text;
use crate::report::json::v1::{Case, ErrorEntry, Model, Run, Severity, StageEntry};
use crate::report::measurement::compared_with;
use crate::report::trend::{CaseHistory, trend};
use crate::report::{escape, label};
use crate::support::clock::readable_duration;

/// Size limit of an output or of inputs, in bytes. The reports have the rest.
const VALUE_BYTES: usize = 300;

const LOG_LINES: usize = 12;

/// Cases of a model that are listed one by one. The reports have the rest.
const MAX_CASES: usize = 20;

/// Lines of a reason, and its size in bytes. The reports have the rest.
const REASON_LINES: usize = 30;
const REASON_BYTES: usize = 4000;

/// Lines of the difference of two texts. The reports have the rest.
const DIFFERENCE_LINES: usize = 12;

/// Notes that are listed. The reports have the rest.
const MAX_NOTES: usize = 5;

/// How much of a run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    /// What failed, and nothing if nothing did.
    Failures,
    /// A line for each model that passed, and what failed.
    Brief,
    /// The stages of every model.
    Full,
}

impl Amount {
    /// For the flags of a command.
    pub(crate) const fn of(quiet: bool, verbosity: u8) -> Self {
        match (quiet, verbosity) {
            (true, _) => Self::Failures,
            (false, 0) => Self::Brief,
            (false, _) => Self::Full,
        }
    }
}

/// A run as a few paragraphs: models that passed, those that did not, and the verdict with `page`, where the rest is.
pub(crate) fn summary(run: &Run, amount: Amount, page: Option<&str>, style: Style) -> String {
    let mut parts: Vec<String> = Vec::new();
    let (passed, others): (Vec<&Model>, Vec<&Model>) = run.models.iter().partition(|model| model.verdict == Verdict::Passed);
    if amount != Amount::Failures {
        let models = passed.iter().map(|model| passed_model(model, amount, run, style));
        parts.push(models.collect::<Vec<_>>().join("\n"));
    }
    parts.extend(others.iter().map(|model| failed_model(model, amount, run, style)));
    parts.extend(run.findings.iter().map(|finding| finding_entry(finding, style)));
    parts.extend(run.error.as_ref().map(|problem| error(&problem.message, problem.hint.as_deref(), style)));
    if amount != Amount::Failures {
        parts.push(run.notices.iter().map(|notice| style.wrapped(&escape::line(notice), 0, 2)).collect::<Vec<_>>().join("\n"));
    }
    if amount != Amount::Failures || run.verdict != Verdict::Passed {
        parts.push(last_line(run, passed.len(), page, style));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// The verdict with its counts, and where the report is.
fn last_line(run: &Run, passed: usize, page: Option<&str>, style: Style) -> String {
    let verdict = style.paint(tone_of_verdict(run.verdict), label::verdict(run.verdict));
    let mut counts = Vec::new();
    if !run.models.is_empty() {
        counts.push(format!("{passed} of {} passed", count(run.models.len(), "model")));
    }
    counts.extend(case_counts(&run.models.iter().flat_map(|model| &model.cases).collect::<Vec<_>>()));
    let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    let page = page.map(|page| format!("; report: {page}")).unwrap_or_default();
    let rest = format!("{counts} in {}{page}", readable_duration(Duration::from_millis(run.duration_ms)));
    format!("{verdict}{}", style.wrapped(&rest, label::verdict(run.verdict).len(), 2))
}

/// `18 of 20 cases passed (1 failed, 1 flaky)`.
fn case_counts(cases: &[&Case]) -> Option<String> {
    let number = |status: CaseStatus| cases.iter().filter(|case| case.status == status).count();
    let all = cases.len();
    let others = [CaseStatus::Failed, CaseStatus::Errored, CaseStatus::Flaky, CaseStatus::Cancelled, CaseStatus::Skipped];
    let others = others.map(|status| (number(status), label::case(status)));
    let others: Vec<String> =
        others.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")).collect();
    let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
    let passed = number(CaseStatus::Passed) + number(CaseStatus::Flaky);
    (all > 0).then(|| format!("{passed} of {} passed{others}", count(all, "case")))
}

fn title(model: &Model, style: Style) -> String {
    let title = if model.model.ends_with(&format!("/{}", model.name)) {
        escape::line(&model.model)
    } else {
        // Several configurations may share a model.
        format!("{} ({})", escape::line(&model.model), escape::line(&model.name))
    };
    let verdict = style.paint(tone_of_verdict(model.verdict), label::verdict(model.verdict));
    format!("{} {verdict}", style.paint(Tone::Strong, &title))
}

/// A model that passed, on one line; with its warnings and flaky cases, which ask for a look. The only model of a run also names its
/// versions, and its stages unless they ended with a publication: the image that was built, and why nothing is published.
fn passed_model(model: &Model, amount: Amount, run: &Run, style: Style) -> String {
    let time = readable_duration(Duration::from_millis(model.stages.iter().map(|stage| stage.duration_ms).sum()));
    let cases = case_counts(&model.cases.iter().collect::<Vec<_>>()).map(|counts| format!(": {counts}")).unwrap_or_default();
    let outcome = if model.versions.live.is_some() { ", published" } else { "" };
    let mut text = format!("{} in {time}{cases}{outcome}", title(model, style));
    let is_alone = run.models.len() == 1;
    if amount == Amount::Full || (is_alone && model.versions.live.is_none()) {
        push_stages(&mut text, &model.stages, true, style);
    }
    push_trend(&mut text, model, run, style);
    if amount == Amount::Full || is_alone {
        push_versions(&mut text, model, style);
        push_notes(&mut text, model, style);
    }
    push_findings(&mut text, model, style);
    push_cases(&mut text, model, style);
    push_rollback(&mut text, model, style);
    if let Some(how) = label::publish_anyway(model).filter(|_| is_alone || amount == Amount::Full) {
        text.push_str(&format!("\n  {}", style.wrapped(&format!("publish anyway with: {how}"), 2, 4)));
    }
    text
}

fn failed_model(model: &Model, amount: Amount, run: &Run, style: Style) -> String {
    let mut text = title(model, style);
    // What ended a stage follows in full.
    let has_error = model.findings.iter().any(|finding| finding.severity == Severity::Error);
    let tells_end = model.error.is_none() && !model.cases.iter().any(is_shown) && !has_error;
    push_stages(&mut text, &model.stages, tells_end, style);
    push_versions(&mut text, model, style);
    push_trend(&mut text, model, run, style);
    push_findings(&mut text, model, style);
    if amount != Amount::Failures {
        push_notes(&mut text, model, style);
    }
    push_cases(&mut text, model, style);
    let is_told = |problem: &&ErrorEntry| {
        model.findings.iter().any(|finding| finding.severity == Severity::Error && problem.message.contains(&finding.message))
    };
    if let Some(problem) = model.error.as_ref().filter(|problem| !is_told(problem)) {
        text.push_str(&format!("\n\n{}", error(&problem.message, problem.hint.as_deref(), style)));
    }
    push_rollback(&mut text, model, style);
    text
}

/// What changed since earlier runs, if the report is of several.
fn push_trend(text: &mut String, model: &Model, run: &Run, style: Style) {
    let Some(trend) = trend(model, run) else { return };
    let cost = trend.cost().map(|cost| format!(", cost {cost}")).unwrap_or_default();
    text.push_str(&format!("\n  trend    {} runs{cost}", trend.runs.len()));
    for line in trend.cases.iter().filter_map(CaseHistory::line) {
        text.push_str(&format!("\n           {}", style.wrapped(&escape::line(&line), 11, 13)));
    }
}

fn push_findings(text: &mut String, model: &Model, style: Style) {
    for finding in model.findings.iter().filter(|finding| finding.severity > Severity::Note) {
        // The case below says it with more.
        let is_case = |case: &Case| is_shown(case) && finding.message.starts_with(&format!("{} ", case.id));
        if finding.severity == Severity::Error || !model.cases.iter().any(is_case) {
            text.push_str(&format!("\n\n{}", finding_entry(finding, style)));
        }
    }
}

fn push_cases(text: &mut String, model: &Model, style: Style) {
    let mut shown: Vec<&Case> = model.cases.iter().filter(|case| is_shown(case)).collect();
    let more = shown.len().saturating_sub(MAX_CASES);
    if more > 0 {
        // Flaky ones are the first to be left to the report.
        shown.sort_by_key(|case| case.status == CaseStatus::Flaky);
        shown.truncate(MAX_CASES);
    }
    for case in shown {
        text.push_str(&format!("\n\n{}", case_summary(case, style)));
    }
    if more > 0 {
        let rest = format!("and {} that failed or were flaky, in the report", count(more, "more case"));
        text.push_str(&format!("\n\n  {}", style.paint(Tone::Quiet, &rest)));
    }
}

fn push_rollback(text: &mut String, model: &Model, style: Style) {
    if let Some(command) = label::rollback(model) {
        text.push_str(&format!("\n  {}", style.wrapped(&format!("roll back with: {}", escape::line(&command)), 2, 4)));
    }
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
        let line = format!("{label} {}{}", place.unwrap_or_default(), escape::line(&note.message));
        text.push_str(&format!("\n{}", style.wrapped(&line, 0, 4)));
    }
    let more = notes.len().saturating_sub(MAX_NOTES);
    let rest = if more > 0 { format!("and {}; ", count(more, "more note")) } else { String::new() };
    text.push_str(&format!("\n{}", style.paint(Tone::Quiet, &format!("{rest}--verbose shows notes in full"))));
}

/// One line per stage that ran, and one for consecutive stages that were skipped for the same reason.
///
/// `tells_end` shows the note of a stage that did not pass, if nothing else says it.
fn push_stages(text: &mut String, stages: &[StageEntry], tells_end: bool, style: Style) {
    for group in stages.chunk_by(|one, next| is_skipped(one) && is_skipped(next) && one.note == next.note) {
        let [first, ..] = group else { continue };
        let note = first.note.as_deref().map(escape::line);
        let word = |label: &str| style.paint(tone_of_stage(first.status), label);
        let line = if is_skipped(first) {
            let names: Vec<&str> = group.iter().map(|stage| stage.name.as_str()).collect();
            let why = note.map(|note| format!(": {note}")).unwrap_or_default();
            let line = style.wrapped(&format!("{}{why}", names.join(", ")), 11, 11);
            format!("{} {line}", word(&format!("{:<8}", label::stage(first.status))))
        } else {
            let time = readable_duration(Duration::from_millis(first.duration_ms));
            let status = word(&format!("{:<9}", label::stage(first.status)));
            let is_told = first.status != StageStatus::Passed && !tells_end;
            let note = note.filter(|_| !is_told).map(|note| format!("  {}", style.wrapped(&note, 33, 33))).unwrap_or_default();
            format!("{:<8} {status} {time:>9}{note}", first.name.as_str())
        };
        text.push_str(&format!("\n  {line}"));
    }
}

fn is_skipped(stage: &StageEntry) -> bool {
    stage.status == StageStatus::Skipped
}

fn push_versions(text: &mut String, model: &Model, style: Style) {
    let versions = &model.versions;
    // The command that rolls back names it.
    let previous = versions.previous.as_ref().filter(|_| label::rollback(model).is_none());
    let labeled = [
        ("tested", versions.test.as_ref()),
        ("live", versions.live.as_ref()),
        ("official", versions.official.as_ref()),
        ("before", previous),
    ];
    for (label, version) in labeled {
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
        let line = format!("{}{reason}", label::transfer(transfer));
        text.push_str(&format!("\n  sent     {}", style.wrapped(&line, 11, 11)));
    }
    for entry in &model.before_after {
        let row = before_after_text(entry);
        let note = if row.note.is_empty() { String::new() } else { format!(", {}", escape::line(&row.note)) };
        let line = format!("{}{note}", row.line());
        text.push_str(&format!("\n  compared {}", style.wrapped(&line, 11, 11)));
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
    let id = escape::line(&case.id);
    let mut text = format!("{} {status}", style.paint(Tone::Strong, &id));
    let reason = case.failure().map(brief_reason).unwrap_or_default();
    if !reason.is_empty() {
        let separator = if case.status == CaseStatus::Flaky { ", the first attempt failed: " } else { ": " };
        let first = columns(&id) + 1 + label::case(case.status).len() + separator.len();
        text.push_str(&format!("{separator}{}", style.wrapped(&reason, first, 4)));
    }
    let mut fact = |label: &str, value: String| text.push_str(&format!("\n  {label:<9} {}", style.wrapped(&value, 12, 12)));
    if let Some(file) = &case.file {
        fact("at", escape::line(&case.line.map_or_else(|| file.clone(), |line| format!("{file}:{line}"))));
    }
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
    if let Some(url) = case.live.as_ref().and_then(|live| live.url.as_ref()) {
        fact("live page", escape::line(url));
    }
    push_difference(&mut text, case, style);
    push_logs(&mut text, case, &reason, style);
    // A reason without an attempt became a remark.
    for remark in case.remarks.iter().filter(|remark| !reason.contains(remark.as_str())) {
        text.push_str(&format!("\n  {}", style.wrapped(&escape::line(remark), 2, 4)));
    }
    match (case.short_reproduction(), &case.reproduction) {
        // On one line, so that it can be copied: a terminal wraps it, but a selection does not.
        (Some(command), _) => text.push_str(&format!("\n  reproduce it with: {}", escape::line(command))),
        (None, Some(_)) if case.minimal_inputs.is_some() || case.kind == "fuzz" => {
            text.push_str("\n  reproduce it with the command in report.html, which has files in it");
        }
        (None, _) => {}
    }
    text
}

/// A reason without its end, if it is long.
fn brief_reason(reason: &str) -> String {
    let reason = shorten(&escape::printable(reason), REASON_BYTES);
    let lines: Vec<&str> = reason.trim_end().lines().collect();
    let more = lines.len().saturating_sub(REASON_LINES);
    let shown = lines.iter().take(REASON_LINES).copied().collect::<Vec<_>>().join("\n");
    if more > 0 { format!("{shown}\n… and {}", count(more, "more line")) } else { shown }
}

/// Where the texts of files differ, up to a few lines.
fn push_difference(text: &mut String, case: &Case, style: Style) {
    for comparison in &case.comparisons {
        let Some(difference) = &comparison.difference else { continue };
        text.push_str(&format!("\n  {}: - {}, + this version", escape::line(&comparison.place), compared_with(comparison)));
        let shown = escape::printable(difference);
        let lines: Vec<&str> = shown.lines().collect();
        for line in lines.iter().take(DIFFERENCE_LINES) {
            text.push_str(&format!("\n    {}", style.wrapped(line.trim_end(), 4, 4)));
        }
        let more = lines.len().saturating_sub(DIFFERENCE_LINES);
        if more > 0 {
            text.push_str(&format!("\n    {}", style.paint(Tone::Quiet, &format!("and {}", count(more, "more line")))));
        }
    }
}

/// The last lines of the logs, indented as they are, without those that the reason has.
fn push_logs(text: &mut String, case: &Case, reason: &str, style: Style) {
    let shown: Vec<&str> = reason.lines().map(str::trim).collect();
    let logs = escape::printable(&case.logs);
    let lines: Vec<&str> = logs.lines().filter(|line| !shown.contains(&line.trim())).collect();
    if case.status == CaseStatus::Flaky || lines.iter().all(|line| line.trim().is_empty()) {
        return;
    }
    text.push_str("\n  logs");
    for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
        text.push_str(&format!("\n    {}", style.wrapped(line.trim_end(), 4, 4)));
    }
}

fn json(value: &serde_json::Value) -> String {
    escape::line(&shorten(&value.to_string(), VALUE_BYTES))
}
