//! Drives predictions against one version: test cases, comparison with live, fuzz. Judging is pure.
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::clients::ErrorKind;
use crate::clients::replicate::Replicate;
use crate::domain::cost::Cost;
use crate::domain::events::Observer;
use crate::domain::finding::Finding;
use crate::domain::identity::VersionRef;
use crate::domain::plan::{Limits, VerifyPlan};
use crate::domain::report::CaseReport;
use crate::support::clock::Clock;

/// A question.
#[derive(Debug)]
pub struct JudgeQuestion;
/// An answer.
#[derive(Debug)]
pub struct Judgement;
/// An error.
#[derive(Debug, thiserror::Error)]
#[error("no judgement")]
pub struct JudgeError;

/// A judge.
#[async_trait]
pub trait Judge: Send + Sync {
    /// Judges.
    async fn judge(&self, question: &JudgeQuestion) -> Result<Judgement, JudgeError>;
}

/// Services.
pub struct VerifyServices {
    /// Replicate.
    pub replicate: Arc<dyn Replicate>,
    /// The judge.
    pub judge: Option<Arc<dyn Judge>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// A request.
pub struct VerifyRequest<'a> {
    /// The model's name.
    pub name: &'a str,
    /// The plan.
    pub plan: &'a VerifyPlan,
    /// Limits.
    pub limits: &'a Limits,
    /// In flight.
    pub parallel: usize,
    /// The version.
    pub version: &'a VersionRef,
    /// The live one.
    pub live: Option<&'a VersionRef>,
    /// The schema.
    pub schema: &'a Value,
    /// Where outputs are kept.
    pub keep_outputs: Option<&'a Path>,
}

/// The outcome.
#[derive(Debug)]
pub struct VerifyOutcome {
    /// Cases.
    pub cases: Vec<CaseReport>,
    /// Findings.
    pub findings: Vec<Finding>,
    /// The seed.
    pub seed: Option<u64>,
    /// The cost.
    pub cost: Cost,
    /// Why it stopped.
    pub stopped: Option<VerifyError>,
}

/// An error.
#[derive(Debug, thiserror::Error)]
#[error("verification stopped")]
pub struct VerifyError {
    /// Its kind.
    pub kind: ErrorKind,
}

impl VerifyError {
    /// Its kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The way out.
    pub fn hint(&self) -> Option<String> {
        None
    }
}

/// Verifies.
pub async fn verify(
    _request: &VerifyRequest<'_>,
    _services: &VerifyServices,
    _observer: &dyn Observer,
    _cancelled: &CancellationToken,
) -> VerifyOutcome {
    let stopped = Some(VerifyError { kind: ErrorKind::Service });
    VerifyOutcome { cases: Vec::new(), findings: Vec::new(), seed: None, cost: Cost::default(), stopped }
}

/// Checks a plan.
pub fn check_plan(_plan: &VerifyPlan, _schema: Option<&Value>, _has_judge: bool) -> Vec<Finding> {
    Vec::new()
}
