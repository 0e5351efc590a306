//! Statuses and verdicts as text for people. Their names in `run.json` are defined elsewhere.

use crate::domain::report::{CaseStatus, StageStatus};
use crate::domain::verdict::Verdict;

/// How a run or a model ended.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::ServiceError => "service error",
        Verdict::Billing => "billing error",
        Verdict::Misconfigured => "misconfigured",
        Verdict::Cancelled => "canceled",
    }
}

/// How a stage ended.
pub(super) fn stage(status: StageStatus) -> &'static str {
    match status {
        StageStatus::Passed => "passed",
        StageStatus::Failed => "failed",
        StageStatus::Errored => "error",
        StageStatus::Cancelled => "canceled",
        StageStatus::Skipped => "skipped",
    }
}

/// How a case ended.
pub(super) fn case(status: CaseStatus) -> &'static str {
    match status {
        CaseStatus::Passed => "passed",
        CaseStatus::Failed => "failed",
        CaseStatus::Flaky => "flaky",
        CaseStatus::Errored => "error",
        CaseStatus::Cancelled => "canceled",
        CaseStatus::Skipped => "skipped",
    }
}
