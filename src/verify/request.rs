//! The input and output of a verification.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use cog_findings::Finding;
use serde_json::Value;

use crate::clients::replicate::Replicate;
use crate::domain::before_after::BeforeAfter;
use crate::domain::case::TestedOn;
use crate::domain::cost::Cost;
use crate::domain::identity::VersionRef;
use crate::domain::plan::{Limits, TrainPlan, VerifyPlan};
use crate::domain::report::CaseReport;
use crate::support::clock::Clock;
use crate::verify::error::VerifyError;
use crate::verify::judge::Judge;

/// The services a verification uses.
#[derive(Clone)]
pub struct VerifyServices {
    /// Runs predictions and trainings.
    pub replicate: Arc<dyn Replicate>,
    /// `None` without an API key.
    pub judge: Option<Arc<dyn Judge>>,
    /// Measures durations.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for VerifyServices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("VerifyServices").field("judge", &self.judge.is_some()).finish_non_exhaustive()
    }
}

/// A version to verify, and how.
#[derive(Debug, Clone, Copy)]
pub struct VerifyRequest<'a> {
    /// The name of the model in events.
    pub name: &'a str,
    /// Test cases, comparison and fuzzing.
    pub plan: &'a VerifyPlan,
    /// Test trainings. Their destination has to exist.
    pub train: Option<&'a TrainPlan>,
    /// Time limits of each prediction and the budget of all.
    pub limits: &'a Limits,
    /// Number of predictions in flight; 0 counts as 1.
    pub parallel: usize,
    /// Whether the version is the one that users run. Some test cases run only there, and others only elsewhere.
    pub on: TestedOn,
    pub version: &'a VersionRef,
    /// The deployment that predictions go through, instead of to the version itself.
    pub through: Option<&'a DeploymentRef>,
    /// The version to compare with; `None` if there is no live version.
    pub live: Option<&'a VersionRef>,
    /// The staged version's OpenAPI document.
    pub schema: &'a Value,
    /// Where to save output files. The folder is created when needed.
    pub keep_outputs: Option<&'a Path>,
    pub judge_proof: JudgeProof,
}

/// When the judge proves that it can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JudgeProof {
    /// It has, before a build.
    Done,
    /// While the first cases run: nothing was built that a wrong key would waste.
    AlongWithCases,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRef {
    pub owner: String,
    pub name: String,
}

/// The results of a verification.
#[derive(Debug)]
pub struct VerifyOutcome {
    /// Every case in order: comparisons, test cases, fuzz cases, trainings. A warm-up if there are none of them.
    pub cases: Vec<CaseReport>,
    /// What the outputs do not show, on the live version and on this one. Empty without a live version.
    pub before_after: Vec<BeforeAfter>,
    /// Most severe first.
    pub findings: Vec<Finding>,
    /// The versions that trainings left at their destination.
    pub trained: Vec<VersionRef>,
    /// The seed that reproduces the fuzz inputs; `None` without any.
    pub seed: Option<u64>,
    /// Costs, including predictions on the live version. The caller adds the estimate in dollars.
    pub cost: Cost,
    /// Why it stopped early, if it did. The remaining cases are skipped or canceled.
    pub stopped: Option<VerifyError>,
}
