//! Runs a comparison: one round, and a second one if the outputs differ.

use std::sync::Arc;

use cog_findings::Finding;
use cog_findings::text::shorten;
use cog_schema::Method;
use futures::future::join;
use serde_json::Value;

use super::exact::{OutputPair, OutputsCompared, Repetition, UncomparedFiles, compare_outputs};
use super::loose::check_loosely_alike;
use crate::domain::prediction::Prediction;
use crate::domain::report::CaseReport;
use crate::verify::attempt_result::{AttemptResult, AttemptVerdict};
use crate::verify::call::{PredictionCall, PredictionEnd, PredictionRun};
use crate::verify::check::{NeededFiles, Needs};
use crate::verify::engine::Engine;
use crate::verify::judge::JudgeSubject;
use crate::verify::mask::Mask;
use crate::verify::observation::{FetchFault, Observation, PredictionOutcome};
use crate::verify::opinion::{Opinion, evidence};
use crate::verify::planned_case::PlannedCase;
use crate::verify::report_builder::CaseReportBuilder;
use crate::verify::rules;
use crate::verify::side::Side;
use crate::verify::slots::Priority;

/// What one version returned in a round.
enum Returned {
    Output(Arc<Observation>),
    /// No output, with the reason.
    Nothing(String),
    Failed(String),
    /// A service failed, so nothing is known.
    Errored(String),
    Cancelled,
}

impl Engine<'_> {
    /// Runs a comparison until it has a verdict.
    pub(in crate::verify) async fn run_comparison(&self, case: &PlannedCase) -> CaseReport {
        let mask = self.mask(case);
        let mut report = CaseReportBuilder::new(case, &mask, self.services.clock.instant());
        let (staged, live) = self.ask_both(case, &mask, Priority::Normal).await;
        report.report_mut().live = live.attempts.last().cloned();
        let first_live = self.returned_by_live(live.end, &mask).await;
        let (result, first_staged) = self.first_round(case, &mask, staged.end, &first_live).await;
        if report.add(staged.attempts, result, true) {
            let (staged, live) = self.ask_both(case, &mask, Priority::High).await;
            let second_live = self.returned_by_live(live.end, &mask).await;
            let result = self.second_round(case, &mask, staged.end, [&first_live, &second_live], first_staged).await;
            report.add(staged.attempts, result, false);
        }
        let mut report = report.finish();
        self.reported_files.attach_to(&mut report);
        self.report_flaky(case, &report);
        report
    }

    async fn ask_both(&self, case: &PlannedCase, mask: &Mask, priority: Priority) -> (PredictionRun, PredictionRun) {
        let call = |side| PredictionCall {
            case: &case.id,
            side,
            inputs: &case.inputs,
            mask,
            priority,
            timeout: case.timeout,
            watches_output: case.watches_output(),
        };
        join(self.predict(call(Side::Staged)), self.predict(call(Side::Live))).await
    }

    async fn returned_by_live(&self, end: PredictionEnd, mask: &Mask) -> Returned {
        match end {
            PredictionEnd::Finished(prediction) => self.returned(&prediction, mask).await,
            PredictionEnd::Refused(detail) => Returned::Nothing(format!("Replicate refused the inputs: {detail}")),
            PredictionEnd::TimedOut(reason) | PredictionEnd::Errored(reason) => Returned::Nothing(reason),
            PredictionEnd::Cancelled | PredictionEnd::NotStarted => Returned::Cancelled,
        }
    }

    async fn returned(&self, prediction: &Prediction, mask: &Mask) -> Returned {
        let needs = Needs { output_files: NeededFiles::AllUrls, wanted_url: None };
        let Some(seen) = self.observe(prediction, Method::Predict, &needs, mask).await else { return Returned::Cancelled };
        if let Some(problem) = seen.unknown_file(&[FetchFault::Service]) {
            return Returned::Errored(problem);
        }
        match &seen.outcome {
            PredictionOutcome::Failed(error) | PredictionOutcome::Refused(error) => Returned::Failed(error.clone()),
            PredictionOutcome::Succeeded if seen.output.as_ref().is_none_or(Value::is_null) => {
                Returned::Nothing("it succeeded without an output".to_owned())
            }
            PredictionOutcome::Succeeded => Returned::Output(Arc::new(seen)),
        }
    }

    /// Judges the first pair of outputs. A difference is a failure for now; the staged output is kept for the second round.
    async fn first_round(
        &self,
        case: &PlannedCase,
        mask: &Mask,
        end: PredictionEnd,
        live: &Returned,
    ) -> (AttemptResult, Option<Arc<Observation>>) {
        let prediction = match end {
            PredictionEnd::Finished(prediction) => prediction,
            other => return (self.judge_end(case, mask, other).await, None),
        };
        let result = match (self.returned(&prediction, mask).await, live) {
            (Returned::Cancelled, _) | (_, Returned::Cancelled) => AttemptResult::of(AttemptVerdict::Cancelled),
            (Returned::Errored(problem), _) => AttemptResult::of(AttemptVerdict::Errored(problem)),
            (_, Returned::Errored(problem)) => AttemptResult::of(AttemptVerdict::Errored(problem.clone())),
            (Returned::Failed(error), Returned::Failed(other)) => {
                self.report_live_failure(case, other);
                let remark = format!("both versions fail with these inputs: {error}; live: {other}");
                AttemptResult::new(AttemptVerdict::Passed, vec![shorten(&remark, 1000)])
            }
            (Returned::Failed(error), _) => AttemptResult::failed(format!("the staged version failed: {error}")),
            (Returned::Nothing(_), Returned::Output(_)) => {
                AttemptResult::failed("the staged version returned no output, but the live version did")
            }
            (_, Returned::Failed(why) | Returned::Nothing(why)) => self.nothing_to_compare(case, why),
            (Returned::Output(staged), Returned::Output(live)) => return self.compare_first(case, staged, live).await,
        };
        (result, None)
    }

    async fn compare_first(
        &self,
        case: &PlannedCase,
        staged: Arc<Observation>,
        live: &Arc<Observation>,
    ) -> (AttemptResult, Option<Arc<Observation>>) {
        let mut remarks = self.output_folder.save(&case.id, "", &staged.files).await;
        remarks.extend(self.output_folder.save(&case.id, "live-", &live.files).await);
        let comparing = compare_outputs(OutputPair::Versions, staged.clone(), live.clone(), &case.compare);
        let Some(compared) = comparing.await else { return (crashed(), None) };
        self.report_gaps(case, &compared);
        remarks.extend(compared.remarks);
        if compared.same {
            let result = AttemptResult::new(AttemptVerdict::Passed, remarks).with_comparisons(compared.comparisons);
            return (self.check_health(case, result, &staged).await, None);
        }
        let verdict = AttemptVerdict::Failed { reason: compared.reason, again: true };
        (AttemptResult::new(verdict, remarks).with_comparisons(compared.comparisons), Some(staged))
    }

    /// Reports files about which nothing is known.
    fn report_gaps(&self, case: &PlannedCase, compared: &OutputsCompared) {
        if let Some(files) = &compared.not_compared {
            self.report_uncompared(case, files);
        }
        if let Some(why) = &compared.live_missing {
            self.report_live_failure(case, why);
        }
    }

    fn report_uncompared(&self, case: &PlannedCase, files: &UncomparedFiles) {
        self.add_case_finding(case, Finding::new(&rules::FILES_NOT_COMPARED, format!("{}: {files}", case.id)));
    }

    fn nothing_to_compare(&self, case: &PlannedCase, why: &str) -> AttemptResult {
        self.report_live_failure(case, why);
        let remark = format!("there is nothing to compare with, because the live version returned no output: {why}");
        AttemptResult::new(AttemptVerdict::Passed, vec![shorten(&remark, 1000)])
    }

    fn report_live_failure(&self, case: &PlannedCase, why: &str) {
        let message = format!("{}: the live version returned no output to compare with: {}", case.id, shorten(why, 500));
        self.add_case_finding(case, Finding::new(&rules::LIVE_FAILED, message));
    }

    /// Judges the second pair: did the model change, or are its outputs random?
    async fn second_round(
        &self,
        case: &PlannedCase,
        mask: &Mask,
        end: PredictionEnd,
        lives: [&Returned; 2],
        first_staged: Option<Arc<Observation>>,
    ) -> AttemptResult {
        let prediction = match end {
            PredictionEnd::Finished(prediction) => prediction,
            other => return self.judge_end(case, mask, other).await,
        };
        let staged = match self.returned(&prediction, mask).await {
            Returned::Output(staged) => staged,
            Returned::Cancelled => return AttemptResult::of(AttemptVerdict::Cancelled),
            Returned::Errored(problem) => return AttemptResult::of(AttemptVerdict::Errored(problem)),
            Returned::Failed(error) => return AttemptResult::failed(format!("the staged version failed: {error}")),
            Returned::Nothing(_) => return AttemptResult::failed("the staged version returned no output"),
        };
        let (before, after) = match lives {
            [Returned::Output(before), after] => (before, after),
            // The staged version failed in the first round. The only output of the live version is its second.
            [first, Returned::Output(before)] => (before, first),
            [_, Returned::Cancelled] => return AttemptResult::of(AttemptVerdict::Cancelled),
            [_, Returned::Errored(problem)] => return AttemptResult::of(AttemptVerdict::Errored(problem.clone())),
            [_, Returned::Nothing(why) | Returned::Failed(why)] => return self.nothing_to_compare(case, why),
        };
        let comparing = compare_outputs(OutputPair::Versions, staged.clone(), before.clone(), &case.compare);
        let Some(with_live) = comparing.await else { return crashed() };
        if first_staged.is_none() {
            self.report_gaps(case, &with_live);
        }
        if with_live.same {
            return AttemptResult::new(AttemptVerdict::Passed, with_live.remarks).with_comparisons(with_live.comparisons);
        }
        let (doubt, again) = match after {
            Returned::Output(after) => {
                let comparing = compare_outputs(OutputPair::LiveTwice, before.clone(), after.clone(), &case.compare);
                let Some(lives) = comparing.await else { return crashed() };
                let doubt = match with_live.repetition(&lives) {
                    Repetition::Same => return changed(with_live),
                    Repetition::Random => Doubt::Random,
                    Repetition::Undecided(files) => Doubt::Undecided(files),
                    Repetition::Missing(why) => Doubt::NoSecondOutput(why),
                };
                (doubt, Some(after))
            }
            Returned::Cancelled => return AttemptResult::of(AttemptVerdict::Cancelled),
            Returned::Errored(problem) => return AttemptResult::of(AttemptVerdict::Errored(problem.clone())),
            Returned::Nothing(why) | Returned::Failed(why) => (Doubt::NoSecondOutput(why.clone()), None),
        };
        let failed_before = first_staged.is_none();
        let mut result = self.judge_doubtful_outputs(case, mask, first_staged.unwrap_or(staged), (before, again), doubt).await;
        if failed_before && matches!(result.verdict, AttemptVerdict::Excused) {
            // That the outputs may be random does not excuse a first attempt without one.
            result.verdict = AttemptVerdict::Passed;
        }
        result
    }

    /// Judges outputs that differ, although the staged version may not have changed.
    async fn judge_doubtful_outputs(
        &self,
        case: &PlannedCase,
        mask: &Mask,
        staged: Arc<Observation>,
        (live, again): (&Arc<Observation>, Option<&Arc<Observation>>),
        doubt: Doubt,
    ) -> AttemptResult {
        let mut remarks = vec![doubt.remark()];
        let (one, two, three, mask_of_both) = (staged.clone(), live.clone(), again.cloned(), mask.clone());
        let task = tokio::task::spawn_blocking(move || {
            (check_loosely_alike(&one, &two, three.as_deref()), evidence(&one, &mask_of_both), evidence(&two, &mask_of_both))
        });
        let Ok((alike, staged_evidence, live_evidence)) = task.await else { return crashed() };
        match &doubt {
            Doubt::Random => {}
            Doubt::Undecided(files) => self.report_uncompared(case, files),
            Doubt::NoSecondOutput(why) => self.report_live_failure(case, why),
        }
        if let Err(reason) = alike {
            return AttemptResult::new(AttemptVerdict::Failed { reason, again: false }, remarks);
        }
        if self.services.judge.is_some() {
            let subject = JudgeSubject::LikeLive(Box::new(live_evidence));
            match self.opinion(subject, mask.inputs(&case.inputs), staged_evidence).await {
                Opinion::Approves(more) => {
                    remarks.extend(more);
                    return AttemptResult::new(AttemptVerdict::Excused, remarks);
                }
                Opinion::Rejects { reason, remarks: more } => {
                    remarks.extend(more);
                    return AttemptResult::new(AttemptVerdict::Failed { reason, again: false }, remarks);
                }
                // What is alike without looking at the content is all that is known, as without a judge.
                Opinion::CannotTell(why) => remarks.push(why),
                Opinion::Unknown(why) => return AttemptResult::of(AttemptVerdict::Errored(why)),
                Opinion::Cancelled => return AttemptResult::of(AttemptVerdict::Cancelled),
            }
        }
        if !matches!(doubt, Doubt::Random) {
            remarks.push("whether the difference is a change is not known".to_owned());
            return AttemptResult::new(AttemptVerdict::Excused, remarks);
        }
        let message = format!(
            "{}: the live version returns different outputs for the same inputs, so only their kind and size were compared",
            case.id
        );
        let hint = "set the seed in the case, or set ANTHROPIC_API_KEY so that Claude can compare the outputs";
        self.add_case_finding(case, Finding::new(&rules::COMPARISON_LOOSE, message).hint(hint));
        remarks.push("types, files and sizes are alike; the content was not compared".to_owned());
        AttemptResult::new(AttemptVerdict::Excused, remarks)
    }
}

/// Why a difference may not be a change.
enum Doubt {
    /// The live version returns different outputs for the same inputs.
    Random,
    /// Nothing is known about these files of the live version.
    Undecided(UncomparedFiles),
    /// There is no second output of the live version, for this reason.
    NoSecondOutput(String),
}

impl Doubt {
    fn remark(&self) -> String {
        match self {
            Self::Random => "the live version returns different outputs for the same inputs".to_owned(),
            Self::Undecided(files) => files.to_string(),
            Self::NoSecondOutput(why) => format!("the live version returned only one output: {why}"),
        }
    }
}

fn changed(with_live: OutputsCompared) -> AttemptResult {
    let mut remarks = vec!["the live version returned the same output twice, so the difference is a change".to_owned()];
    remarks.extend(with_live.remarks);
    let verdict = AttemptVerdict::Failed { reason: with_live.reason, again: false };
    AttemptResult::new(verdict, remarks).with_comparisons(with_live.comparisons)
}

fn crashed() -> AttemptResult {
    AttemptResult::of(AttemptVerdict::Errored("comparing the outputs crashed".to_owned()))
}
