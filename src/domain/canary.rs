//! The report of a canary: how far a tiny model came through the pipeline.

use std::time::Duration;

use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::report::{ErrorReport, StageStatus};
use crate::domain::verdict::Verdict;

/// A canary's run.
#[derive(Debug, Clone, PartialEq)]
pub struct CanaryReport {
    /// The id that its model returns, unique to this run.
    pub id: String,
    /// The model that it was pushed to.
    pub model: ModelRef,
    /// The pushed version, if it got that far.
    pub version: Option<VersionRef>,
    pub verdict: Verdict,
    /// The steps that were started, in order.
    pub steps: Vec<CanaryStep>,
    pub duration: Duration,
    /// The problem, in one line.
    pub problem: Option<ErrorReport>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanaryStep {
    pub name: &'static str,
    pub status: StageStatus,
    pub duration: Duration,
    /// One line about it.
    pub note: Option<String>,
}
