//! What a verification is given and what it gives back.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use cog_findings::Finding;
use serde_json::Value;

use crate::clients::replicate::Replicate;
use crate::domain::cost::Cost;
use crate::domain::identity::VersionRef;
use crate::domain::plan::{Limits, TrainPlan, VerifyPlan};
use crate::domain::report::CaseReport;
use crate::support::clock::Clock;
use crate::verify::{Judge, VerifyError};

/// The services a verification uses.
#[derive(Clone)]
pub struct VerifyServices {
    /// Runs predictions.
    pub replicate: Arc<dyn Replicate>,
    /// Gives opinions; `None` when there is no key for one.
    pub judge: Option<Arc<dyn Judge>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for VerifyServices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("VerifyServices").field("judge", &self.judge.is_some()).finish_non_exhaustive()
    }
}

/// What is to be verified.
#[derive(Debug, Clone, Copy)]
pub struct VerifyRequest<'a> {
    /// The model's name in events.
    pub name: &'a str,
    /// The cases, the comparison, the fuzzing.
    pub plan: &'a VerifyPlan,
    /// The trainings, whose destination is there.
    pub train: Option<&'a TrainPlan>,
    /// Limits of each prediction and of all.
    pub limits: &'a Limits,
    /// Predictions in flight at one time; 0 counts as 1.
    pub parallel: usize,
    /// The version every prediction names.
    pub version: &'a VersionRef,
    /// The version to compare with; `None` when nothing is live.
    pub live: Option<&'a VersionRef>,
    /// The staged version's OpenAPI document.
    pub schema: &'a Value,
    /// A folder that gets the files of outputs; it is made when needed.
    pub keep_outputs: Option<&'a Path>,
}

/// What a verification found out.
#[derive(Debug)]
pub struct VerifyOutcome {
    /// Every case of the plan, in its order: comparison, test cases, fuzz. A warm-up is first, if one was needed.
    pub cases: Vec<CaseReport>,
    /// What is to be said beyond the cases, gravest first.
    pub findings: Vec<Finding>,
    /// The versions that trainings left at their destination.
    pub trained: Vec<VersionRef>,
    /// The seed that repeats the generated inputs; `None` when none were generated.
    pub seed: Option<u64>,
    /// What was spent, predictions on the live version included. The estimate in dollars is left to those who know the hardware.
    pub cost: Cost,
    /// Why it stopped before its end, if it did; the cases that were not run are skipped or cancelled.
    pub stopped: Option<VerifyError>,
}
