//! Shared state of all models of a run.

use cog_findings::{Finding, Severity};
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::{Account, Hardware, Replicate, ReplicateError};
use crate::domain::events::{Event, EventKind, Observer};
use crate::domain::plan::{TrainPlan, VerifyPlan};
use crate::pipeline::RunOptions;
use crate::support::clock::Clock;
use crate::verify::rules::JUDGE_MISSING;
use crate::verify::{JudgeAbility, VerifyServices, check_plan};

/// Shared state of all models of a run.
pub(super) struct RunContext<'a> {
    pub(super) judge: JudgeAbility,
    verifies: bool,
    pub(super) clock: &'a dyn Clock,
    pub(super) options: &'a RunOptions,
    pub(super) observer: &'a dyn Observer,
    pub(super) cancelled: &'a CancellationToken,
    account: OnceCell<Account>,
    hardware: OnceCell<Vec<Hardware>>,
}

impl<'a> RunContext<'a> {
    pub(super) fn new(
        (judge, verifies): (JudgeAbility, bool),
        clock: &'a dyn Clock,
        options: &'a RunOptions,
        observer: &'a dyn Observer,
        cancelled: &'a CancellationToken,
    ) -> Self {
        Self { judge, verifies, clock, options, observer, cancelled, account: OnceCell::new(), hardware: OnceCell::new() }
    }

    /// For a run that makes predictions with these services.
    pub(super) fn of_verification(
        services: &'a VerifyServices,
        options: &'a RunOptions,
        observer: &'a dyn Observer,
        cancelled: &'a CancellationToken,
    ) -> Self {
        Self::new((JudgeAbility::of(services.judge.as_deref()), true), services.clock.as_ref(), options, observer, cancelled)
    }

    /// The token's account, asked for once per run: the cheapest way to learn that the token is rejected.
    pub(super) async fn account(&self, replicate: &dyn Replicate) -> Result<&Account, ReplicateError> {
        self.account.get_or_try_init(|| replicate.account()).await
    }

    /// The hardware that the account may use, asked for once per run.
    pub(super) async fn hardware(&self, replicate: &dyn Replicate) -> Result<&[Hardware], ReplicateError> {
        self.hardware.get_or_try_init(|| replicate.hardware()).await.map(Vec::as_slice)
    }

    /// Problems of a plan. Only a run that makes predictions stops for want of a judge.
    pub(super) fn check_plan(&self, predict: &VerifyPlan, train: Option<&TrainPlan>, schema: Option<&Value>) -> Vec<Finding> {
        let found = check_plan(predict, train, schema, self.judge).into_iter();
        let is_for_later = |finding: &Finding| !self.verifies && finding.code.as_str() == JUDGE_MISSING.code;
        found.map(|finding| if is_for_later(&finding) { finding.with_severity(Severity::Warning) } else { finding }).collect()
    }

    pub(super) fn emit(&self, model: &str, kind: EventKind) {
        self.observer.observe(Event { model: Some(model.to_owned()), kind });
    }
}
