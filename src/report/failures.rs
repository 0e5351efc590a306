//! Everything that went wrong in a run as findings, for formats that know nothing else: annotations and SARIF.
//!
//! Findings are taken as they are. Failed cases and errors become findings with rules of this room.

use cog_findings::Rule;
use cog_findings::text::shorten;
use serde_json::Value;

use crate::domain::report::CaseStatus;
use crate::domain::verdict::Verdict;
use crate::report::json::v1::{Case, Detail, ErrorEntry, FindingEntry, Model, Run, Severity};
use crate::report::rules;

/// Size limit of inputs and outputs in a detail, in bytes.
const VALUE_BYTES: usize = 1000;

/// The findings and failures of all models, each once: models of one project share many.
pub(crate) fn failures(run: &Run) -> Vec<FindingEntry> {
    let mut all: Vec<FindingEntry> = run.findings.clone();
    // Mistakes are findings, and the error only counts them.
    let is_counted =
        run.verdict == Verdict::Misconfigured && run.findings.iter().any(|finding| finding.severity == Severity::Error);
    all.extend(run.error.as_ref().filter(|_| !is_counted).and_then(|error| ended(error, &run.findings, None)));
    all.extend(run.models.iter().flat_map(failures_of));
    let mut unique: Vec<FindingEntry> = Vec::new();
    for finding in all {
        if !unique.contains(&finding) {
            unique.push(finding);
        }
    }
    unique
}

/// The findings of a model, its failed cases, and the error that ended its run.
pub(crate) fn failures_of(model: &Model) -> Vec<FindingEntry> {
    let mut all = model.findings.clone();
    all.extend(model.cases.iter().filter_map(|case| failed(case, model)));
    all.extend(model.error.as_ref().and_then(|error| ended(error, &model.findings, Some(model))));
    all
}

/// Whether an entry stands for an error that ended a run.
pub(crate) fn is_error(entry: &FindingEntry) -> bool {
    entry.code == rules::RUN_ENDED.code
}

/// Whether the run did what was asked for, whatever it found.
pub(crate) fn has_result(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Passed | Verdict::Failed)
}

fn entry(rule: &Rule, message: String) -> FindingEntry {
    FindingEntry {
        code: rule.code.to_owned(),
        severity: Severity::Error,
        message,
        file: None,
        line: None,
        column: None,
        end_column: None,
        hint: None,
        details: Vec::new(),
        schema_change: None,
        excerpt: None,
    }
}

/// A case that did not pass, on its line of the configuration.
fn failed(case: &Case, model: &Model) -> Option<FindingEntry> {
    let rule = match (case.status, case.kind.as_str()) {
        (CaseStatus::Failed, "fuzz" | "train-fuzz") => &rules::FUZZ_FAILED,
        (CaseStatus::Failed, _) => &rules::CASE_FAILED,
        (CaseStatus::Errored, _) => &rules::CASE_ERRORED,
        (CaseStatus::Passed | CaseStatus::Flaky | CaseStatus::Cancelled | CaseStatus::Skipped, _) => return None,
    };
    let detail = |label: &str, value: &Value| Detail { label: label.to_owned(), value: shorten(&value.to_string(), VALUE_BYTES) };
    let mut details = vec![detail("inputs", &Value::Object(case.inputs.clone()))];
    details.extend(case.minimal_inputs.as_ref().map(|inputs| detail("minimal inputs", &Value::Object(inputs.clone()))));
    details.extend(case.output.as_ref().map(|output| detail("output", output)));
    let text = |label: &str, value: &str| Detail { label: label.to_owned(), value: value.to_owned() };
    details.extend(case.url.as_ref().map(|url| text("prediction", url)));
    details.extend(case.short_reproduction().map(|command| text("reproduce with", command)));
    Some(FindingEntry {
        // A configuration of which no line asks for the case, as with a warm-up, is named as a whole.
        file: case.file.clone().or_else(|| model.config.clone()),
        line: case.line,
        details,
        ..entry(rule, format!("{}: {}", case.id, case.failure().unwrap_or("the case did not pass")))
    })
}

/// An error, unless a finding says the same.
fn ended(error: &ErrorEntry, findings: &[FindingEntry], model: Option<&Model>) -> Option<FindingEntry> {
    let is_told = |finding: &FindingEntry| finding.severity == Severity::Error && error.message.contains(&finding.message);
    if findings.iter().any(is_told) {
        return None;
    }
    let name = model.map(|model| format!("{}: ", model.name)).unwrap_or_default();
    Some(FindingEntry { hint: error.hint.clone(), ..entry(&rules::RUN_ENDED, format!("{name}{}", error.message)) })
}

#[cfg(test)]
mod tests {
    use cog_findings::{Finding, Location};

    use super::*;
    use crate::report::json::{FailedRun, run_json};
    use crate::report::sample;

    fn shown(run: &Run) -> Vec<String> {
        let line = |entry: &FindingEntry| {
            let place = entry.file.as_deref().unwrap_or("-");
            format!("{} {place}:{} {}", entry.code, entry.line.unwrap_or_default(), entry.message)
        };
        failures(run).iter().map(line).collect()
    }

    #[test]
    fn failed_cases_are_on_their_lines_and_errors_are_named() {
        assert_eq!(
            shown(&run_json(&sample::failed_case())),
            [
                "SP901 cog-safe-push-configs/hotdog.yaml:8 case-2: expected exactly \"hello\", got \"howdy\"",
                "SP902 cog-safe-push-configs/hotdog.yaml:21 fuzz-7: the prediction failed: IndexError: list index out of range",
            ]
        );
        assert_eq!(
            shown(&run_json(&sample::service_error())),
            ["SP904 -:0 hotdog: failed to push r8.im/acme/hotdog-test: 502 Bad Gateway"]
        );
    }

    #[test]
    fn an_error_that_a_finding_reports_with_its_line_is_reported_once() {
        let mut run = run_json(&sample::stopped_by_finding());
        let message = format!("failed to build: {}", run.models[0].findings[0].message);
        run.models[0].error = Some(ErrorEntry { message, hint: None });
        assert_eq!(shown(&run).len(), 1);
        run.models[0].error = Some(ErrorEntry { message: "something else".to_owned(), hint: None });
        assert_eq!(shown(&run).len(), 2);
    }

    #[test]
    fn mistakes_in_a_configuration_are_reported_without_their_count() {
        let findings = &[Finding::new(&sample::SAMPLE_RULE, "'modle' is not a key").at(Location::at("a.yaml", 3, 1))];
        let message = "the configuration has 1 mistake".to_owned();
        let at = chrono::DateTime::UNIX_EPOCH;
        let failed = FailedRun { tool_version: "0.1.0", at, verdict: Verdict::Misconfigured, message, hint: None, findings };
        assert_eq!(shown(&failed.json()), ["SP101 a.yaml:3 'modle' is not a key"]);
    }

    #[test]
    fn every_failed_run_has_at_least_one_failure() {
        for report in sample::all() {
            let run = run_json(&report);
            let is_told = failures(&run).iter().any(|entry| entry.severity == Severity::Error);
            assert_eq!(is_told, !matches!(run.verdict, Verdict::Passed | Verdict::Cancelled), "{:?}", run.verdict);
        }
    }
}
