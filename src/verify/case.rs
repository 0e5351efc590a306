//! Runs one case: a prediction, its judgment, and a second attempt if it failed.

use std::sync::Arc;

use cog_findings::Finding;
use cog_findings::text::shorten;

use crate::domain::case::{CaseKind, Expectation};
use crate::domain::output::OutputComparison;
use crate::domain::plan::HealthMode;
use crate::domain::prediction::Prediction;
use crate::domain::report::{CaseReport, CaseStatus};
use crate::verify::attempt_result::{AttemptResult, AttemptVerdict};
use crate::verify::call::{PredictionCall, PredictionEnd};
use crate::verify::check::{Check, CheckResult, NeededFiles, Needs, check_for};
use crate::verify::compare::with_limits;
use crate::verify::engine::Engine;
use crate::verify::health::{OutputDefect, output_defects};
use crate::verify::judge::{Evidence, JudgeSubject};
use crate::verify::mask::Mask;
use crate::verify::observation::{FetchFault, Observation, PredictionOutcome};
use crate::verify::opinion::{Opinion, evidence};
use crate::verify::planned_case::PlannedCase;
use crate::verify::report_builder::CaseReportBuilder;
use crate::verify::slots::Priority;
use crate::verify::{platform, rules};

const ATTEMPTS: usize = 2;

/// The result of checking an output without asking Claude.
struct Assessment {
    checked: CheckResult,
    defects: Vec<(OutputDefect, String)>,
    evidence: Evidence,
}

impl Engine<'_> {
    /// Runs a case on the staged version until it has a verdict.
    pub(super) async fn run_case(&self, case: &PlannedCase) -> CaseReport {
        let mask = self.mask(case);
        let mut report = CaseReportBuilder::new(case, &mask, self.services.clock.instant());
        for attempts_left in (0..ATTEMPTS).rev() {
            let priority = if attempts_left + 1 == ATTEMPTS { Priority::Normal } else { Priority::High };
            let call = PredictionCall {
                case: &case.id,
                side: case.side(),
                inputs: &case.inputs,
                mask: &mask,
                priority,
                timeout: case.timeout,
                watches_output: case.watches_output(),
            };
            let run = self.predict(call).await;
            let result = self.judge_end(case, &mask, run.end).await;
            if !report.add(run.attempts, result, attempts_left > 0) {
                break;
            }
        }
        if case.kind.is_training() {
            report.report_mut().remarks.extend(self.trained.remarks(&case.id));
        }
        let mut report = report.finish();
        self.reported_files.attach_to(&mut report);
        self.report_flaky(case, &report);
        report
    }

    /// Adds a finding for a case that passed only at the second attempt.
    pub(super) fn report_flaky(&self, case: &PlannedCase, report: &CaseReport) {
        if report.status == CaseStatus::Flaky {
            let why = report.attempts.iter().find_map(|attempt| attempt.reason.as_deref()).unwrap_or("unknown reason");
            self.add_case_finding(
                case,
                Finding::new(&rules::CASE_FLAKY, format!("{} failed once and then passed: {why}", case.id)),
            );
        }
    }

    pub(super) async fn judge_end(&self, case: &PlannedCase, mask: &Mask, end: PredictionEnd) -> AttemptResult {
        match end {
            PredictionEnd::NotStarted => AttemptResult::of(AttemptVerdict::NotStarted),
            PredictionEnd::Cancelled => AttemptResult::of(AttemptVerdict::Cancelled),
            PredictionEnd::Errored(reason) => AttemptResult::of(AttemptVerdict::Errored(reason)),
            // A second prediction would take as long, and cost as much.
            PredictionEnd::TimedOut(reason) => AttemptResult::of(AttemptVerdict::Failed { reason, again: false }),
            PredictionEnd::Refused(detail) if case.kind.is_generated() => {
                let message = format!("{}: Replicate refused the generated inputs: {detail}", case.id);
                self.add_case_finding(case, Finding::new(&rules::GENERATED_INPUTS_REFUSED, message));
                AttemptResult::new(
                    AttemptVerdict::Passed,
                    vec![format!("nothing was checked, because Replicate refused the inputs: {detail}")],
                )
            }
            PredictionEnd::Refused(detail) => {
                let seen = Observation::without_files(case.method(), PredictionOutcome::Refused(detail), None);
                match check_for(&case.expectation, &case.compare).check(&seen) {
                    CheckResult::Passed(remarks) => AttemptResult::new(AttemptVerdict::Passed, remarks),
                    CheckResult::Failed { reason, remarks } => {
                        AttemptResult::new(AttemptVerdict::Failed { reason, again: false }, remarks)
                    }
                    CheckResult::Compared { comparison, remarks } => decide_comparison(*comparison, remarks, false),
                    CheckResult::Unknown(why) => AttemptResult::of(AttemptVerdict::Errored(why)),
                    CheckResult::AskJudge(_) => AttemptResult::failed("Replicate refused the inputs"),
                }
            }
            PredictionEnd::Finished(prediction) => self.judge_prediction(case, mask, &prediction).await,
        }
    }

    async fn judge_prediction(&self, case: &PlannedCase, mask: &Mask, prediction: &Prediction) -> AttemptResult {
        let check: Box<dyn Check> = check_for(&case.expectation, &case.compare);
        let checks_health = self.request.plan.health != HealthMode::Off && case.expectation == Expectation::Succeeds;
        let mut needs = check.needs();
        // The report shows files even if no checker needs them. Those of a training may be gigabytes, so only a checker that needs them
        // gets them.
        if needs.output_files == NeededFiles::None
            && !case.kind.is_training()
            && (self.request.plan.health != HealthMode::Off || self.output_folder.is_enabled())
        {
            needs.output_files = NeededFiles::Declared;
        }
        // From here on the files are decoded, so only a few cases at a time go on.
        let Ok(permit) = self.judging.acquire().await else { return AttemptResult::of(AttemptVerdict::Cancelled) };
        let Some(seen) = self.observe(prediction, case.method(), &needs, mask).await else {
            return AttemptResult::of(AttemptVerdict::Cancelled);
        };
        // If only the health check needs a missing file, it reports a defect instead.
        if check.needs() != Needs::default()
            && let Some(problem) = seen.unknown_file(&[FetchFault::Service, FetchFault::Limit])
        {
            return AttemptResult::of(AttemptVerdict::Errored(problem));
        }
        let seen = Arc::new(seen);
        let mut remarks = self.output_folder.save(&case.id, "", &seen.files).await;
        if let PredictionOutcome::Failed(error) = &seen.outcome {
            remarks.extend(platform::advice(error).map(str::to_owned));
        }
        let Some(assessment) = self.assess(check, seen.clone(), case, mask).await else {
            return AttemptResult::of(AttemptVerdict::Errored("judging the output crashed".to_owned()));
        };
        drop(permit);
        let mut result = self.decide(case, mask, assessment.checked, assessment.evidence).await;
        remarks.append(&mut result.remarks);
        result.remarks = remarks;
        if case.kind == CaseKind::WarmUp {
            result = self.forgive_warm_up(case, result);
        }
        self.apply_health(case, result, assessment.defects, checks_health)
    }

    /// Checks an output on a blocking thread, because images and jq programs take a while.
    async fn assess(&self, check: Box<dyn Check>, seen: Arc<Observation>, case: &PlannedCase, mask: &Mask) -> Option<Assessment> {
        let (document, kind, mask) = (self.document.clone(), case.kind, mask.clone());
        let task = tokio::task::spawn_blocking(move || {
            let checked = check.check(&seen);
            let evidence = if matches!(checked, CheckResult::AskJudge(_)) { evidence(&seen, &mask) } else { Evidence::default() };
            Assessment { checked, defects: output_defects(&seen, &document, kind), evidence }
        });
        task.await.ok()
    }

    async fn decide(&self, case: &PlannedCase, mask: &Mask, checked: CheckResult, evidence: Evidence) -> AttemptResult {
        match checked {
            CheckResult::Passed(remarks) => AttemptResult::new(AttemptVerdict::Passed, remarks),
            CheckResult::Failed { reason, remarks } => AttemptResult::new(AttemptVerdict::Failed { reason, again: true }, remarks),
            CheckResult::Compared { comparison, remarks } => decide_comparison(*comparison, remarks, true),
            CheckResult::Unknown(why) => AttemptResult::of(AttemptVerdict::Errored(why)),
            CheckResult::AskJudge(description) => {
                let expected = format!("expected an output that fits '{}'", shorten(&description, 500));
                let subject = JudgeSubject::FitsDescription(description);
                match self.opinion(subject, mask.inputs(&case.inputs), evidence).await {
                    Opinion::Approves(remarks) => AttemptResult::new(AttemptVerdict::Passed, remarks),
                    Opinion::Rejects { reason, remarks } => {
                        let reason = format!("{expected}; {reason}");
                        AttemptResult::new(AttemptVerdict::Failed { reason, again: true }, remarks)
                    }
                    Opinion::CannotTell(why) | Opinion::Unknown(why) => AttemptResult::of(AttemptVerdict::Errored(why)),
                    Opinion::Cancelled => AttemptResult::of(AttemptVerdict::Cancelled),
                }
            }
        }
    }

    /// A warm-up only has to show that the version boots: the smallest inputs may make no sense to the model.
    fn forgive_warm_up(&self, case: &PlannedCase, result: AttemptResult) -> AttemptResult {
        match result.verdict {
            AttemptVerdict::Failed { reason, .. } => {
                self.add_case_finding(case, Finding::new(&rules::WARM_UP_FAILED, format!("the warm-up did not succeed: {reason}")));
                let mut remarks = result.remarks;
                remarks.push(reason);
                AttemptResult::new(AttemptVerdict::Passed, remarks)
            }
            verdict => AttemptResult { verdict, ..result },
        }
    }

    /// Checks the health of an output that passed otherwise.
    pub(super) async fn check_health(&self, case: &PlannedCase, result: AttemptResult, seen: &Arc<Observation>) -> AttemptResult {
        let checks_health = self.request.plan.health != HealthMode::Off;
        let (document, kind, seen) = (self.document.clone(), case.kind, seen.clone());
        let task = tokio::task::spawn_blocking(move || output_defects(&seen, &document, kind));
        let defects = if checks_health { task.await.unwrap_or_default() } else { Vec::new() };
        self.apply_health(case, result, defects, checks_health)
    }

    fn apply_health(
        &self,
        case: &PlannedCase,
        mut result: AttemptResult,
        defects: Vec<(OutputDefect, String)>,
        checks_health: bool,
    ) -> AttemptResult {
        if !matches!(result.verdict, AttemptVerdict::Passed) {
            return result;
        }
        for (defect, message) in defects {
            // A fuzz case expects nothing but the schema.
            let fails = match defect {
                OutputDefect::OffSchema if case.kind.is_generated() => true,
                _ if !checks_health => continue,
                _ => self.request.plan.health == HealthMode::Fail,
            };
            if fails && matches!(result.verdict, AttemptVerdict::Passed) {
                result.verdict = AttemptVerdict::Failed { reason: message, again: true };
            } else if fails {
                result.remarks.push(message);
            } else {
                self.add_case_finding(case, Finding::new(defect.rule(), format!("{}: {message}", case.id)));
                result.remarks.push(message);
            }
        }
        result
    }
}

/// The verdict on an output that was compared with the file in the case.
fn decide_comparison(comparison: OutputComparison, remarks: Vec<String>, again: bool) -> AttemptResult {
    let verdict = match with_limits(&comparison) {
        None => AttemptVerdict::Passed,
        Some(why) => AttemptVerdict::Failed { reason: format!("the output does not match the expected file: {why}"), again },
    };
    AttemptResult::new(verdict, remarks).with_comparisons(vec![comparison])
}
