//! The report of a canary: how far a tiny model came through the pipeline.

use std::time::Duration;

use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::report::{ErrorReport, StageStatus};
use crate::domain::verdict::Verdict;

/// A canary's run.
#[derive(Debug, Clone, PartialEq)]
pub struct CanaryReport {
    /// The id its model answers with, unique to this run.
    pub id: String,
    /// The model it was pushed to.
    pub model: ModelRef,
    /// The pushed version, once there is one.
    pub version: Option<VersionRef>,
    /// How it ended.
    pub verdict: Verdict,
    /// The steps that were taken, in order.
    pub steps: Vec<CanaryStep>,
    /// How long all of it took.
    pub duration: Duration,
    /// The problem, in one line.
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
