//! `junit.xml`: one suite per model, with one test case per stage and per case.

use std::time::Duration;

use chrono::DateTime;
use cog_findings::text::shorten;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::escape;
use super::json::v1::{Case, ErrorEntry, FindingEntry, Model, Run, Severity, StageEntry};
use super::measurement::{compared_with, measurement_text};
use crate::domain::report::{CaseStatus, StageStatus};

/// Longer texts are cut: CI systems load the whole file.
const TEXT_BYTES: usize = 16 * 1024;

/// Number of measurements per case.
const PROPERTIES: usize = 200;

/// The report could not be written as XML.
#[derive(Debug, thiserror::Error)]
#[error("failed to write junit.xml")]
pub struct JunitError(#[from] quick_junit::SerializeError);

pub(crate) fn junit_xml(run: &Run) -> Result<String, JunitError> {
    let mut report = Report::new("safe-push");
    if let Ok(time) = DateTime::parse_from_rfc3339(&run.started_at) {
        report.set_timestamp(time);
    }
    report.set_time(Duration::from_millis(run.duration_ms));
    report.add_test_suites(run.error.as_ref().map(|error| failed_suite(error, &run.findings)));
    report.add_test_suites(run.models.iter().map(suite));
    Ok(report.to_string()?)
}

/// A run that ended before its models could be run.
fn failed_suite(error: &ErrorEntry, findings: &[FindingEntry]) -> TestSuite {
    let mut suite = TestSuite::new("safe-push");
    let mut lines = vec![error.message.clone()];
    lines.extend(error.hint.as_deref().map(|hint| format!("hint: {hint}")));
    suite.add_test_case(TestCase::new("run", non_success(NonSuccessKind::Error, &lines.join("\n"))));
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
        let text = format!("{}{}", finding_line(finding), hint_line(finding.hint.as_deref()));
        let mut case = TestCase::new(escape::xml(&finding_line(finding)), non_success(NonSuccessKind::Error, &text));
        place(&mut case, finding.file.as_deref(), finding.line);
        suite.add_test_case(case);
    }
    suite
}

fn suite(model: &Model) -> TestSuite {
    let mut suite = TestSuite::new(escape::xml(&model.name));
    suite.set_time(Duration::from_millis(model.stages.iter().map(|stage| stage.duration_ms).sum()));
    suite.add_test_cases(model.stages.iter().map(|stage| stage_case(stage, model)));
    suite.add_test_cases(model.cases.iter().map(|case| prediction_case(case, model)));
    suite
}

fn stage_case(stage: &StageEntry, model: &Model) -> TestCase {
    let status = match stage.status {
        StageStatus::Passed => TestCaseStatus::success(),
        StageStatus::Skipped => skipped(stage.note.as_deref()),
        StageStatus::Failed => non_success(NonSuccessKind::Failure, &failed_text(stage, model)),
        StageStatus::Errored => non_success(NonSuccessKind::Error, &errored_text(model)),
        StageStatus::Cancelled => non_success(NonSuccessKind::Error, "the run was canceled"),
    };
    let mut case = TestCase::new(format!("stage {}", stage.name), status);
    case.set_classname(escape::xml(&model.model));
    case.set_time(Duration::from_millis(stage.duration_ms));
    case
}

fn prediction_case(case: &Case, model: &Model) -> TestCase {
    let reason = case.failure().unwrap_or("the case did not pass");
    let status = match case.status {
        CaseStatus::Passed => TestCaseStatus::success(),
        CaseStatus::Flaky => flaky(case),
        CaseStatus::Failed => non_success(NonSuccessKind::Failure, &with_differences(case, reason)),
        CaseStatus::Errored => non_success(NonSuccessKind::Error, reason),
        CaseStatus::Cancelled => non_success(NonSuccessKind::Error, "canceled"),
        CaseStatus::Skipped => skipped(case.remarks.first().map(String::as_str)),
    };
    let mut entry = TestCase::new(escape::xml(&case.id), status);
    entry.set_classname(escape::xml(&model.model));
    entry.set_time(Duration::from_millis(case.duration_ms));
    place(&mut entry, case.file.as_deref(), case.line);
    let mut facts = format!("inputs: {}", serde_json::Value::Object(case.inputs.clone()));
    if let Some(url) = &case.url {
        facts.push_str(&format!("\nprediction: {url}"));
    }
    if let Some(command) = case.short_reproduction() {
        facts.push_str(&format!("\nreproduce it with: {command}"));
    }
    entry.set_system_out(escape::xml(&shorten(&facts, TEXT_BYTES)));
    for (name, value) in numbers(case) {
        entry.add_property((escape::xml(&shorten(&name, 300)), escape::xml(&shorten(&value, 300))));
    }
    if !case.logs.is_empty() {
        entry.set_system_err(escape::xml(&shorten(&case.logs, TEXT_BYTES)));
    }
    entry
}

/// A reason, and where the texts of files differ.
fn with_differences(case: &Case, reason: &str) -> String {
    let differences = case.comparisons.iter().filter_map(|comparison| {
        let difference = comparison.difference.as_ref()?;
        Some(format!("\n\n{}: - {}, + this version\n{difference}", comparison.place, compared_with(comparison)))
    });
    format!("{reason}{}", differences.collect::<String>())
}

/// The measurements of a case's comparisons. Each name starts with the file.
fn numbers(case: &Case) -> Vec<(String, String)> {
    let mut numbers = Vec::new();
    for comparison in &case.comparisons {
        let subject = format!("{} compared with {}", comparison.place, compared_with(comparison));
        numbers.push((subject.clone(), if comparison.same { "the same" } else { "different" }.to_owned()));
        for measured in &comparison.measurements {
            let text = measurement_text(measured);
            let limit = match (text.limit.is_empty(), measured.holds) {
                (true, _) => String::new(),
                (false, true) => format!(" ({}, holds)", text.limit),
                (false, false) => format!(" ({}, does not hold)", text.limit),
            };
            numbers.push((format!("{subject}: {}", text.name), format!("{}{limit}", text.value)));
        }
    }
    numbers.truncate(PROPERTIES);
    numbers
}

fn non_success(kind: NonSuccessKind, text: &str) -> TestCaseStatus {
    let text = escape::xml(&shorten(text, TEXT_BYTES));
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(text.lines().next().unwrap_or_default().to_owned());
    status.set_description(text);
    status
}

/// What failed: the findings that are errors, and the cases.
fn failed_text(stage: &StageEntry, model: &Model) -> String {
    let mut lines = finding_lines(&model.findings);
    let failed = model.cases.iter().filter(|case| case.status == CaseStatus::Failed);
    lines.extend(failed.map(|case| format!("{}: {}", case.id, case.failure().unwrap_or("the case did not pass"))));
    if lines.is_empty() { stage.note.clone().unwrap_or_else(|| format!("{} did not pass", stage.name)) } else { lines.join("\n") }
}

/// A line for each finding of severity error.
fn finding_lines(findings: &[FindingEntry]) -> Vec<String> {
    findings.iter().filter(|finding| finding.severity == Severity::Error).map(finding_line).collect()
}

fn finding_line(finding: &FindingEntry) -> String {
    let place = match (&finding.file, finding.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        (Some(file), None) => format!("{file}: "),
        _ => String::new(),
    };
    format!("{place}{}: {}", finding.code, finding.message)
}

fn hint_line(hint: Option<&str>) -> String {
    hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default()
}

/// Sets where a test is written. Many readers show these attributes as a link.
fn place(case: &mut TestCase, file: Option<&str>, line: Option<u32>) {
    let Some(file) = file else { return };
    case.extra.insert("file".into(), escape::xml(file).into());
    if let Some(line) = line {
        case.extra.insert("line".into(), line.to_string().into());
    }
}

fn skipped(reason: Option<&str>) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    if let Some(reason) = reason {
        status.set_message(escape::xml(&shorten(reason, TEXT_BYTES)));
    }
    status
}

/// A case that passed when it was repeated, with the attempts that failed.
fn flaky(case: &Case) -> TestCaseStatus {
    let mut status = TestCaseStatus::success();
    for attempt in case.attempts.iter().filter(|attempt| attempt.reason.is_some()) {
        let reason = escape::xml(&shorten(attempt.reason.as_deref().unwrap_or_default(), TEXT_BYTES));
        let mut rerun = TestRerun::new(NonSuccessKind::Failure);
        rerun.set_message(reason.lines().next().unwrap_or_default().to_owned());
        rerun.set_description(reason);
        rerun.set_time(Duration::from_millis(attempt.duration_ms));
        status.add_rerun(rerun);
    }
    status
}

/// The error that ended a run, and the findings that say where it comes from.
fn errored_text(model: &Model) -> String {
    let error = model.error.as_ref();
    let text = error.map_or("the stage failed with an error", |error| error.message.as_str());
    let lines = finding_lines(&model.findings).into_iter().map(|line| format!("\n{line}")).collect::<String>();
    format!("{text}{lines}{}", hint_line(error.and_then(|error| error.hint.as_deref())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json::run_json;
    use crate::report::sample;

    #[test]
    fn a_failed_case_is_a_failure_with_its_reason() {
        insta::assert_snapshot!(junit_xml(&run_json(&sample::failed_case())).unwrap());
    }

    #[test]
    fn measurements_are_properties() {
        insta::assert_snapshot!(junit_xml(&run_json(&sample::media())).unwrap());
    }

    #[test]
    fn every_sample_is_well_formed() {
        for report in sample::all() {
            let text = junit_xml(&run_json(&report)).unwrap();
            assert!(Report::deserialize_from_str(&text).is_ok(), "{text}");
        }
    }
}
