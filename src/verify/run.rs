//! Runs all cases of a verification.

use cog_schema::Method;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::domain::case::CaseKind;
use crate::domain::events::{EventKind, Observer};
use crate::domain::prediction::Inputs;
use crate::domain::report::{CaseReport, CaseStatus};
use crate::support::seed::Seed;
use crate::verify::engine::Engine;
use crate::verify::fuzz::Generator;
use crate::verify::judge::prove_judge;
use crate::verify::planned_case::PlannedCase;
use crate::verify::schedule::{InventedInputs, Schedule};
use crate::verify::shrink_log::ShrinkLog;
use crate::verify::{JudgeProof, VerifyError, VerifyOutcome, VerifyRequest, VerifyServices};

/// Cases in progress for each slot: while some predict, others are judged, which may take longer than a prediction.
const CASES_PER_SLOT: usize = 4;

/// Verifies a version. Errors are part of the outcome, next to the results until then.
pub async fn verify(
    request: &VerifyRequest<'_>,
    services: &VerifyServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> VerifyOutcome {
    let engine = Engine::new(request, services, observer, cancelled);
    let train_fuzz = request.train.and_then(|train| train.fuzz.as_ref());
    let seed = request.plan.fuzz.iter().chain(train_fuzz).find_map(|fuzz| fuzz.seed).map_or_else(Seed::fresh, Seed);
    let schedule = Schedule::new(&engine, seed);
    engine.emit(EventKind::CasesPlanned { cases: schedule.cases.len() });
    let cases = engine.run_all(&schedule).await;
    let before_after = engine.look_beyond_outputs(&schedule, &cases).await;
    for finding in engine.trained.findings() {
        engine.add_finding(finding);
    }
    let has_failed = cases.iter().any(|case| case.status == CaseStatus::Failed);
    // What the model did wrong counts more than what Claude did not say about it.
    let judge_failure = engine.take_judge_failure().filter(|_| !has_failed);
    let stopped = engine.take_reason().or(judge_failure).or_else(|| cancelled.is_cancelled().then_some(VerifyError::Cancelled));
    VerifyOutcome {
        cases,
        before_after,
        findings: engine.take_findings(),
        trained: engine.trained.all(),
        seed: schedule.has_generated().then_some(seed.0),
        cost: engine.ledger.total(),
        stopped,
    }
}

impl Engine<'_> {
    async fn run_all(&self, schedule: &Schedule) -> Vec<CaseReport> {
        let shrink_log = ShrinkLog::default();
        let width = self.request.parallel.max(1).saturating_mul(CASES_PER_SLOT);
        let mut reports: Vec<Option<CaseReport>> = vec![None; schedule.cases.len()];
        // By index, because a closure over references would make the future not `Send`.
        let running = futures::stream::iter(0..schedule.cases.len())
            .map(|index| {
                let case = self.run(index, schedule, &shrink_log);
                async move { (index, case.await) }
            })
            .buffer_unordered(width);
        tokio::pin!(running);
        // Runs alongside the first cases.
        let inventing = self.invent_all(schedule);
        tokio::pin!(inventing);
        let mut is_inventing = !schedule.inventions.is_empty();
        let proving = self.expect_judge();
        tokio::pin!(proving);
        let mut is_proving = self.request.judge_proof == JudgeProof::AlongWithCases;
        loop {
            let next = tokio::select! {
                next = running.next() => next,
                _ = &mut inventing, if is_inventing => {
                    is_inventing = false;
                    continue;
                }
                () = &mut proving, if is_proving => {
                    is_proving = false;
                    continue;
                }
            };
            let Some((index, report)) = next else { break };
            if self.request.plan.fail_fast
                && matches!(report.status, CaseStatus::Failed | CaseStatus::Errored)
                && !self.stopping.is_cancelled()
            {
                self.emit(EventKind::Notice(format!(
                    "{} {}; skipping the remaining cases (fail_fast)",
                    report.id,
                    report.status.as_str()
                )));
                self.stopping.cancel();
            }
            self.emit(EventKind::CaseFinished(Box::new(report.clone())));
            reports[index] = Some(report);
        }
        reports.into_iter().flatten().collect()
    }

    /// Stops the verification if the judge is needed and will never answer: with a wrong key, a wrong model or no credit.
    async fn expect_judge(&self) {
        let plan = self.request.plan;
        let is_needed = plan.asks_judge() || self.request.train.iter().any(|train| train.asks_judge());
        let Some(judge) = self.services.judge.as_ref().filter(|_| is_needed) else { return };
        if let Err(error) = prove_judge(judge.as_ref(), plan.judge_model.as_deref()).await {
            self.stop(VerifyError::Judge(error));
        }
    }

    async fn invent_all(&self, schedule: &Schedule) {
        for invention in &schedule.inventions {
            self.invented(schedule, invention).await;
        }
    }

    /// The inputs of an invention. The first caller asks the inventor.
    async fn invented<'a>(&self, schedule: &Schedule, invention: &'a InventedInputs) -> &'a [Inputs] {
        let files = || match invention.method {
            Method::Predict => schedule.generator.as_ref().map(Generator::files).unwrap_or_default(),
            Method::Train => Vec::new(),
        };
        invention.inputs.get_or_init(|| self.invent(&schedule.cases, &invention.indexes, invention.method, files())).await
    }

    /// The inputs that were invented for a case, if any.
    async fn invented_for<'a>(&self, index: usize, schedule: &'a Schedule) -> Option<&'a Inputs> {
        for invention in &schedule.inventions {
            if let Some(position) = invention.indexes.iter().position(|other| *other == index) {
                return self.invented(schedule, invention).await.get(position);
            }
        }
        None
    }

    async fn run(&self, index: usize, schedule: &Schedule, shrink_log: &ShrinkLog) -> CaseReport {
        let case = &schedule.cases[index];
        let invented = self.invented_for(index, schedule).await;
        let with_other_inputs = invented.map(|inputs| PlannedCase { inputs: inputs.clone(), ..case.clone() });
        let case = with_other_inputs.as_ref().unwrap_or(case);
        let mut report = match case.kind {
            CaseKind::Compare => self.run_comparison(case).await,
            _ => self.run_case(case).await,
        };
        if report.status == CaseStatus::Failed {
            match case.kind {
                CaseKind::Fuzz | CaseKind::TrainFuzz => {
                    self.explain_fuzz_failure(case, schedule.generator.as_ref(), shrink_log, &mut report).await;
                }
                _ => report.reproduction = self.reproduction(case, &self.mask(case), &case.inputs),
            }
        }
        report
    }
}
