//! What a run did not check, although it could have: "passed" never covers it.

use cog_findings::Finding;

use crate::domain::before_after::Trend;
use crate::domain::report::{CaseStatus, ModelReport, StageStatus};

/// Rules whose findings say that something was not checked.
pub(crate) const CODES: [&str; 10] = ["SP402", "SP412", "SP601", "SP607", "SP610", "SP613", "SP615", "SP616", "SP619", "SP630"];

/// What was not checked, one line each.
pub(super) fn unchecked(report: &ModelReport) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for stages in report.stages.chunk_by(|one, next| one.status == next.status && one.note == next.note) {
        let Some(first) = stages.first().filter(|stage| stage.status == StageStatus::Skipped) else { continue };
        let names: Vec<&str> = stages.iter().map(|stage| stage.stage.as_str()).collect();
        let why = first.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        lines.push(format!("stage {}{why}", names.join(", ")));
    }
    let unfinished = report.cases.iter().filter(|case| matches!(case.status, CaseStatus::Skipped | CaseStatus::Cancelled));
    lines.extend(unfinished.map(|case| {
        let word = if case.status == CaseStatus::Skipped { "skipped" } else { "canceled" };
        let why = case.remarks.first().map(|remark| format!(": {remark}")).unwrap_or_default();
        format!("{} ({word}){why}", case.id)
    }));
    let is_gap = |finding: &&Finding| CODES.contains(&finding.code.to_string().as_str());
    let findings = report.findings.iter().chain(&report.ignored).filter(is_gap);
    lines.extend(findings.map(|finding| format!("{} {}", finding.code, finding.message)));
    let unjudged = report.before_after.iter().filter(|entry| entry.trend == Trend::NotJudged);
    lines.extend(unjudged.map(|entry| {
        let why = entry.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        format!("{} before and after{why}", entry.aspect)
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn skipped_stages_and_cases_are_listed_with_their_reasons() {
        let report = sample::cancelled();
        assert_eq!(
            unchecked(&report.models[0]),
            ["stage publish, deploy: verify did not pass", "case-2 (canceled)", "case-3 (skipped)"]
        );
        assert!(unchecked(&sample::passed().models[0]).is_empty());
    }
}
