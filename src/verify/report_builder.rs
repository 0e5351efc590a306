//! Builds the report of a case, attempt by attempt.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::output::OutputComparison;
use crate::domain::report::{Attempt, CaseReport, CaseStatus};
use crate::verify::attempt_result::{AttemptResult, AttemptVerdict};
use crate::verify::mask::Mask;
use crate::verify::planned_case::PlannedCase;
use crate::verify::text_difference::bounded;

/// Builds the report of a case, attempt by attempt.
pub(super) struct CaseReportBuilder<'a> {
    report: CaseReport,
    mask: &'a Mask,
    started: Instant,
    failed_before: bool,
}

impl<'a> CaseReportBuilder<'a> {
    pub(super) fn new(case: &PlannedCase, mask: &'a Mask, started: Instant) -> Self {
        let report = CaseReport {
            id: case.id.clone(),
            kind: case.kind,
            status: CaseStatus::Skipped,
            inputs: mask.inputs(&case.inputs),
            expectation: case.expectation.clone(),
            location: case.location.clone(),
            attempts: Vec::new(),
            live: None,
            remarks: Vec::new(),
            files: Vec::new(),
            live_files: Vec::new(),
            comparisons: Vec::new(),
            minimal_inputs: None,
            reproduction: None,
            sources: Vec::new(),
            duration: Duration::ZERO,
        };
        Self { report, mask, started, failed_before: false }
    }

    /// Adds an attempt. Returns whether another attempt should follow.
    pub(super) fn add(&mut self, attempts: Vec<Attempt>, result: AttemptResult, attempts_left: bool) -> bool {
        self.report.attempts.extend(attempts);
        for remark in &result.remarks {
            let remark = self.mask.text(remark);
            // A second attempt often repeats the remarks of the first.
            if !self.report.remarks.contains(&remark) {
                self.report.remarks.push(remark);
            }
        }
        // The measurements of the deciding attempt, or of the one before if it compared nothing.
        if !result.comparisons.is_empty() {
            self.report.comparisons = result.comparisons.into_iter().map(|comparison| self.masked(comparison)).collect();
        }
        let reason = match result.verdict {
            AttemptVerdict::Passed => {
                self.report.status = if self.failed_before { CaseStatus::Flaky } else { CaseStatus::Passed };
                return false;
            }
            AttemptVerdict::Excused => {
                self.report.status = CaseStatus::Passed;
                self.report.attempts.iter_mut().for_each(|attempt| attempt.reason = None);
                return false;
            }
            AttemptVerdict::Cancelled | AttemptVerdict::NotStarted if self.failed_before => {
                self.report.remarks.push("the case was not repeated because the run stopped".to_owned());
                return false;
            }
            AttemptVerdict::NotStarted => {
                self.report.status = CaseStatus::Skipped;
                return false;
            }
            AttemptVerdict::Cancelled => {
                self.report.status = CaseStatus::Cancelled;
                "canceled".to_owned()
            }
            AttemptVerdict::Errored(reason) => {
                self.report.status = CaseStatus::Errored;
                reason
            }
            AttemptVerdict::Failed { reason, again } => {
                self.report.status = CaseStatus::Failed;
                self.failed_before = true;
                self.explain(&reason);
                return again && attempts_left;
            }
        };
        self.explain(&reason);
        false
    }

    /// Notes why the last attempt did not pass. Without an attempt the reason becomes a remark.
    fn explain(&mut self, reason: &str) {
        let reason = self.mask.text(reason);
        match self.report.attempts.last_mut() {
            Some(attempt) if attempt.reason.is_none() => attempt.reason = Some(reason),
            Some(attempt) if attempt.reason.as_ref() == Some(&reason) => {}
            _ => self.report.remarks.push(reason),
        }
    }

    /// A comparison without secrets: its reason and difference may quote an output.
    fn masked(&self, comparison: OutputComparison) -> OutputComparison {
        OutputComparison {
            place: self.mask.text(&comparison.place),
            reason: comparison.reason.map(|reason| self.mask.text(&reason)),
            // Cut afterwards: a part of a secret would not be found.
            difference: comparison.difference.map(|difference| bounded(&self.mask.lines(&difference))),
            ..comparison
        }
    }

    pub(super) fn report_mut(&mut self) -> &mut CaseReport {
        &mut self.report
    }

    pub(super) fn finish(mut self) -> CaseReport {
        if self.report.status != CaseStatus::Skipped {
            self.report.duration = self.started.elapsed();
        }
        self.report
    }
}
