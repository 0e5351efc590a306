//! Applies the repository's policy to findings: ignores some, and changes the severity of others. Only this module does so.

use cog_findings::{Finding, Severity};

use crate::domain::plan::InspectPlan;

/// Codes of compatibility rules, which `ignore_schema_checks` turns into warnings. cog-safe-push drops them.
const COMPATIBILITY: std::ops::RangeInclusive<u32> = 101..=149;

/// Applies the policy. Returns the remaining findings, most severe first and without repetitions, and the ignored ones.
pub(super) fn apply(findings: Vec<Finding>, plan: &InspectPlan) -> (Vec<Finding>, Vec<Finding>) {
    let mut kept: Vec<Finding> = Vec::new();
    let mut ignored: Vec<Finding> = Vec::new();
    for finding in findings {
        let finding = adjust(finding, plan);
        let list = if plan.ignore.contains(&finding.code) { &mut ignored } else { &mut kept };
        if !list.contains(&finding) {
            list.push(finding);
        }
    }
    kept.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    (kept, ignored)
}

fn adjust(finding: Finding, plan: &InspectPlan) -> Finding {
    if let Some((_, severity)) = plan.severities.iter().find(|(code, _)| *code == finding.code) {
        return finding.with_severity(*severity);
    }
    if plan.ignore_schema_compatibility && finding.is_error() && is_compatibility(&finding) {
        return finding.with_severity(Severity::Warning);
    }
    finding
}

fn is_compatibility(finding: &Finding) -> bool {
    let number = finding.code.as_str().strip_prefix("SP").and_then(|digits| digits.parse().ok());
    number.is_some_and(|number| COMPATIBILITY.contains(&number))
}
