//! A case's report while it grows, try by try.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::output::OutputComparison;
use crate::domain::report::{Attempt, CaseReport, CaseStatus};
use crate::verify::case::Job;
use crate::verify::mask::Mask;

/// What is to be said of one try.
#[derive(Debug)]
pub(super) enum Ruling {
    Passed,
    /// What looked like a failure before is none: it passed, and is not flaky.
    Excused,
    /// `again`: whether another try could tell something else.
    Failed {
        reason: String,
        again: bool,
    },
    Errored(String),
    Cancelled,
    NotStarted,
}

/// A ruling with what is to be said about it.
#[derive(Debug)]
pub(super) struct Ruled {
    pub(super) ruling: Ruling,
    pub(super) remarks: Vec<String>,
    pub(super) comparisons: Vec<OutputComparison>,
}

impl Ruled {
    pub(super) fn of(ruling: Ruling) -> Self {
        Self::new(ruling, Vec::new())
    }

    pub(super) fn new(ruling: Ruling, remarks: Vec<String>) -> Self {
        Self { ruling, remarks, comparisons: Vec::new() }
    }

    /// With the files that were compared.
    pub(super) fn with(self, comparisons: Vec<OutputComparison>) -> Self {
        Self { comparisons, ..self }
    }

    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::of(Ruling::Failed { reason: reason.into(), again: true })
    }
}

/// A case's report while it grows.
pub(super) struct Progress<'a> {
    report: CaseReport,
    mask: &'a Mask,
    began: Instant,
    failed_before: bool,
}

impl<'a> Progress<'a> {
    pub(super) fn new(job: &Job, mask: &'a Mask, began: Instant) -> Self {
        let report = CaseReport {
            id: job.id.clone(),
            kind: job.kind,
            status: CaseStatus::Skipped,
            inputs: mask.inputs(&job.inputs),
            expectation: job.expectation.clone(),
            attempts: Vec::new(),
            live: None,
            remarks: Vec::new(),
            files: Vec::new(),
            live_files: Vec::new(),
            comparisons: Vec::new(),
            minimal_inputs: None,
            duration: Duration::ZERO,
        };
        Self { report, mask, began, failed_before: false }
    }

    /// Takes a try. True when another one is to follow.
    pub(super) fn take(&mut self, attempts: Vec<Attempt>, ruled: Ruled, tries_left: bool) -> bool {
        self.report.attempts.extend(attempts);
        for remark in &ruled.remarks {
            let remark = self.mask.text(remark);
            // A second try often says what the first said.
            if !self.report.remarks.contains(&remark) {
                self.report.remarks.push(remark);
            }
        }
        // Those of the try that decides. One that compared nothing leaves what the first one measured.
        if !ruled.comparisons.is_empty() {
            self.report.comparisons = ruled.comparisons.into_iter().map(|compared| self.shown(compared)).collect();
        }
        let reason = match ruled.ruling {
            Ruling::Passed => {
                self.report.status = if self.failed_before { CaseStatus::Flaky } else { CaseStatus::Passed };
                return false;
            }
            Ruling::Excused => {
                self.report.status = CaseStatus::Passed;
                self.report.attempts.iter_mut().for_each(|attempt| attempt.reason = None);
                return false;
            }
            Ruling::Cancelled | Ruling::NotStarted if self.failed_before => {
                self.report.remarks.push("the failure was not repeated, for the run stopped".to_owned());
                return false;
            }
            Ruling::NotStarted => {
                self.report.status = CaseStatus::Skipped;
                return false;
            }
            Ruling::Cancelled => {
                self.report.status = CaseStatus::Cancelled;
                "cancelled".to_owned()
            }
            Ruling::Errored(reason) => {
                self.report.status = CaseStatus::Errored;
                reason
            }
            Ruling::Failed { reason, again } => {
                self.report.status = CaseStatus::Failed;
                self.failed_before = true;
                self.explain(&reason);
                return again && tries_left;
            }
        };
        self.explain(&reason);
        false
    }

    /// Notes why the last attempt did not pass; without an attempt, among the remarks.
    fn explain(&mut self, reason: &str) {
        let reason = self.mask.text(reason);
        match self.report.attempts.last_mut() {
            Some(attempt) if attempt.reason.is_none() => attempt.reason = Some(reason),
            Some(attempt) if attempt.reason.as_ref() == Some(&reason) => {}
            _ => self.report.remarks.push(reason),
        }
    }

    /// A comparison as it may be shown: its words quote outputs.
    fn shown(&self, compared: OutputComparison) -> OutputComparison {
        OutputComparison {
            place: self.mask.text(&compared.place),
            reason: compared.reason.map(|reason| self.mask.text(&reason)),
            ..compared
        }
    }

    pub(super) fn report_mut(&mut self) -> &mut CaseReport {
        &mut self.report
    }

    pub(super) fn finish(mut self) -> CaseReport {
        if self.report.status != CaseStatus::Skipped {
            self.report.duration = self.began.elapsed();
        }
        self.report
    }
}
