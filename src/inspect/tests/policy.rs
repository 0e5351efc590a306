//! The repository's policy for findings.

use cog_findings::{Location, Rule, RuleCode, Severity};

use super::*;
use crate::inspect::policy::apply;

const fn rule(code: &'static str, severity: Severity) -> Rule {
    Rule { code, name: "a-rule", severity, summary: "", why: "", example: "" }
}

fn finding(code: &'static str, severity: Severity) -> Finding {
    Finding::new(&rule(code, severity), format!("about {code}"))
}

fn plan(ignore: &[&str], severities: &[(&str, Severity)], ignore_schema_compatibility: bool) -> InspectPlan {
    InspectPlan {
        ignore_schema_compatibility,
        ignore: ignore.iter().map(|code| RuleCode::parse(code)).collect(),
        severities: severities.iter().map(|(code, severity)| (RuleCode::parse(code), *severity)).collect(),
        no_lint: true,
        ..InspectPlan::default()
    }
}

fn kept(findings: Vec<Finding>, plan: &InspectPlan) -> Vec<String> {
    let (kept, _) = apply(findings, plan);
    kept.iter().map(|finding| format!("{} {}", finding.code, finding.severity)).collect()
}

#[test]
fn the_most_severe_come_first_and_otherwise_the_order_stays() {
    let findings = vec![
        finding("SP301", Severity::Warning),
        finding("SP402", Severity::Note),
        finding("SP201", Severity::Error),
        finding("SP102", Severity::Warning),
        finding("SP101", Severity::Error),
    ];
    assert_eq!(
        kept(findings, &InspectPlan::default()),
        ["SP201 error", "SP101 error", "SP301 warning", "SP102 warning", "SP402 note"]
    );
}

#[test]
fn repeated_findings_are_kept_once_but_two_locations_are_two_findings() {
    let at = |line| finding("SP401", Severity::Error).at(Location::at("run.py", line, 1));
    let (kept, _) = apply(vec![at(1), at(2), at(1)], &InspectPlan::default());
    assert_eq!(kept.iter().map(place).collect::<Vec<_>>(), ["run.py:1:1", "run.py:2:1"]);
}

#[test]
fn ignored_codes_may_have_any_case_and_are_listed_separately() {
    let findings = vec![finding("SP101", Severity::Error), finding("SP401", Severity::Error), finding("SP101", Severity::Error)];
    let (kept, ignored) = apply(findings, &plan(&[" sp101 "], &[], false));
    assert_eq!((codes(&kept), codes(&ignored)), (vec!["SP401"], vec!["SP101"]));
}

#[test]
fn severities_can_be_raised_and_lowered() {
    let changed = plan(&[], &[("SP301", Severity::Error), ("SP401", Severity::Note)], false);
    let findings = vec![finding("SP401", Severity::Error), finding("SP301", Severity::Warning)];
    assert_eq!(kept(findings, &changed), ["SP301 error", "SP401 note"]);
}

#[test]
fn only_incompatibilities_become_warnings_on_request() {
    let cases = [
        ("SP100", "SP100 error"),
        ("SP101", "SP101 warning"),
        ("SP149", "SP149 warning"),
        ("SP150", "SP150 error"),
        ("SP201", "SP201 error"),
        ("SP301", "SP301 error"),
        ("SP401", "SP401 error"),
        ("SP501", "SP501 error"),
        ("XY101", "XY101 error"),
    ];
    for (code, expected) in cases {
        assert_eq!(kept(vec![finding(code, Severity::Error)], &plan(&[], &[], true)), [expected]);
    }
    assert_eq!(kept(vec![finding("SP101", Severity::Note)], &plan(&[], &[], true)), ["SP101 note"]);
}

#[test]
fn a_configured_severity_takes_precedence() {
    let plan = plan(&[], &[("SP101", Severity::Error)], true);
    let findings = vec![finding("SP101", Severity::Error), finding("SP102", Severity::Error)];
    assert_eq!(kept(findings, &plan), ["SP101 error", "SP102 warning"]);
}

#[test]
fn ignored_findings_keep_their_changed_severity() {
    let (_, ignored) = apply(vec![finding("SP101", Severity::Error)], &plan(&["SP101"], &[], true));
    assert_eq!(ignored[0].severity, Severity::Warning);
}
