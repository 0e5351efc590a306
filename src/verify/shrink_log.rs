//! Which fuzz failures have been shrunk, so that each kind of failure is shrunk once.

use std::sync::Mutex;

use crate::domain::case::CaseId;
use crate::support::locks::lock;

/// Failures of one run that are shrunk.
pub(super) const SHRUNK_FAILURES: usize = 3;

/// The fuzz failures that have been shrunk, by error message.
#[derive(Debug, Default)]
pub(super) struct ShrinkLog {
    shrunk: Mutex<Vec<(String, CaseId)>>,
}

/// Whether to shrink a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ShrinkDecision {
    Shrink,
    /// No: another case failed with the same error.
    SameAs(CaseId),
    /// No: [`SHRUNK_FAILURES`] others have been shrunk.
    LimitReached,
}

impl ShrinkLog {
    /// Decides whether to shrink a failure, and records it if so.
    pub(super) fn decide(&self, case: &CaseId, error: &str) -> ShrinkDecision {
        let mut shrunk = lock(&self.shrunk);
        if let Some((_, other)) = shrunk.iter().find(|(other, _)| other == error) {
            return ShrinkDecision::SameAs(other.clone());
        }
        if shrunk.len() >= SHRUNK_FAILURES {
            return ShrinkDecision::LimitReached;
        }
        shrunk.push((error.to_owned(), case.clone()));
        ShrinkDecision::Shrink
    }
}
