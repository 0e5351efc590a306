//! What a canary found out: a tiny model went the whole way, or how far it came.

use std::time::Duration;

use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::report::{ErrorReport, StageStatus};
use crate::domain::verdict::Verdict;

/// A canary's flight.
#[derive(Debug, Clone, PartialEq)]
pub struct CanaryReport {
    /// What its model answers with: made for this flight alone.
    pub id: String,
    /// The model it was pushed to.
    pub model: ModelRef,
    /// The version that the push made, once it did.
    pub version: Option<VersionRef>,
    /// How it ended.
    pub verdict: Verdict,
    /// The steps that were taken, in order.
    pub steps: Vec<CanaryStep>,
    /// How long all of it took.
    pub duration: Duration,
    /// What was wrong, in one line.
    pub problem: Option<ErrorReport>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanaryStep {
    /// Its name.
    pub name: &'static str,
    /// How it ended.
    pub status: StageStatus,
    /// How long it took.
    pub duration: Duration,
    /// One line about it.
    pub note: Option<String>,
}
