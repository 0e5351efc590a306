//! `junit.xml`: one suite per model, with one test case per stage and per case.

use std::time::Duration;

use chrono::DateTime;
use cog_findings::text::shorten;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

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
    lines.extend(finding_lines(findings));
    lines.extend(error.hint.as_deref().map(|hint| format!("hint: {hint}")));
    let text = lines.join("\n");
    suite.add_test_case(TestCase::new("run", non_success(NonSuccessKind::Error, &text)));
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
        StageStatus::Skipped => TestCaseStatus::skipped(),
        StageStatus::Failed => non_success(NonSuccessKind::Failure, &findings_text(model)),
        StageStatus::Errored => non_success(NonSuccessKind::Error, &error_text(model)),
        StageStatus::Cancelled => non_success(NonSuccessKind::Error, "the run was canceled"),
    };
    let mut case = TestCase::new(format!("stage {}", stage.name), status);
    case.set_classname(escape::xml(&model.model));
    case.set_time(Duration::from_millis(stage.duration_ms));
    case
}

fn prediction_case(case: &Case, model: &Model) -> TestCase {
    let reason = case.reason.as_deref().or(case.error.as_deref()).unwrap_or("the case did not pass");
    let status = match case.status {
        CaseStatus::Passed | CaseStatus::Flaky => TestCaseStatus::success(),
        CaseStatus::Failed => non_success(NonSuccessKind::Failure, reason),
        CaseStatus::Errored => non_success(NonSuccessKind::Error, reason),
        CaseStatus::Cancelled => non_success(NonSuccessKind::Error, "canceled"),
        CaseStatus::Skipped => TestCaseStatus::skipped(),
    };
    let mut entry = TestCase::new(escape::xml(&case.id), status);
    entry.set_classname(escape::xml(&model.model));
    entry.set_time(Duration::from_millis(case.duration_ms));
    let mut facts = format!("inputs: {}", serde_json::Value::Object(case.inputs.clone()));
    if let Some(url) = &case.url {
        facts.push_str(&format!("\nprediction: {url}"));
    }
    if case.status == CaseStatus::Flaky {
        facts.push_str("\nflaky: failed first, then passed when repeated");
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

fn findings_text(model: &Model) -> String {
    let lines = finding_lines(&model.findings);
    if lines.is_empty() { "some cases did not pass".to_owned() } else { lines.join("\n") }
}

/// A line for each finding of severity error.
fn finding_lines(findings: &[FindingEntry]) -> Vec<String> {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let lines = errors.map(|finding| {
        let place = match (&finding.file, finding.line) {
            (Some(file), Some(line)) => format!("{file}:{line}: "),
            (Some(file), None) => format!("{file}: "),
            _ => String::new(),
        };
        format!("{place}{}: {}", finding.code, finding.message)
    });
    lines.collect()
}

fn error_text(model: &Model) -> String {
    model.error.as_ref().map_or_else(
        || "the stage failed with an error".to_owned(),
        |error| match &error.hint {
            Some(hint) => format!("{}\nhint: {hint}", error.message),
            None => error.message.clone(),
        },
    )
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
