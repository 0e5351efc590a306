//! The verdict on one attempt of a case.

use crate::domain::output::OutputComparison;

/// The verdict on one attempt of a case.
#[derive(Debug)]
pub(super) enum AttemptVerdict {
    Passed,
    /// Passed after all: the first failure did not count, so the case is not flaky.
    Excused,
    Failed {
        reason: String,
        /// Whether a second attempt could end differently.
        again: bool,
    },
    /// The platform or a service failed, so nothing is known about the model.
    Errored(String),
    Cancelled,
    NotStarted,
}

/// A verdict with its remarks and measurements.
#[derive(Debug)]
pub(super) struct AttemptResult {
    pub(super) verdict: AttemptVerdict,
    pub(super) remarks: Vec<String>,
    pub(super) comparisons: Vec<OutputComparison>,
}

impl AttemptResult {
    /// A verdict without remarks.
    pub(super) fn of(verdict: AttemptVerdict) -> Self {
        Self::new(verdict, Vec::new())
    }

    pub(super) fn new(verdict: AttemptVerdict, remarks: Vec<String>) -> Self {
        Self { verdict, remarks, comparisons: Vec::new() }
    }

    /// A failure that a second attempt may overturn.
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::of(AttemptVerdict::Failed { reason: reason.into(), again: true })
    }

    pub(super) fn with_comparisons(self, comparisons: Vec<OutputComparison>) -> Self {
        Self { comparisons, ..self }
    }
}
