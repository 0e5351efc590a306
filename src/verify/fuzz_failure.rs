//! Explains a fuzz failure: the minimal failing inputs, and a command that reproduces it.

use cog_findings::text::count;
use cog_schema::{Method, check_output, join_output};

use crate::domain::events::EventKind;
use crate::domain::prediction::{Inputs, Prediction, PredictionStatus};
use crate::domain::report::{Attempt, CaseReport};
use crate::verify::call::{PredictionCall, PredictionEnd};
use crate::verify::engine::Engine;
use crate::verify::fuzz::{Generator, Shrinker, curl_command, server_command, training_command};
use crate::verify::mask::Mask;
use crate::verify::planned_case::PlannedCase;
use crate::verify::shrink_log::{SHRUNK_FAILURES, ShrinkDecision, ShrinkLog};
use crate::verify::side::Side;
use crate::verify::slots::Priority;

/// Predictions that shrinking one failure may take.
const PREDICTIONS: usize = 10;

/// Linux takes 128 KiB for one argument.
const COMMAND_BYTES: usize = 96 * 1024;

/// The two ways in which fuzz inputs fail. Shrinking must not slip from one to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FailureKind {
    /// The prediction failed.
    Error,
    /// The output does not fit the schema.
    Output,
}

impl Engine<'_> {
    /// Shrinks the failing inputs of a case and adds the command that reproduces the failure.
    pub(super) async fn explain_fuzz_failure(
        &self,
        case: &PlannedCase,
        generator: Option<&Generator>,
        shrink_log: &ShrinkLog,
        report: &mut CaseReport,
    ) {
        let mask = self.mask(case);
        let mut smallest = case.inputs.clone();
        if case.kind.is_training() {
            // Shrinking would cost as much as the failed training for each step, and each success would leave a version behind.
            report.reproduction = self.reproduction(case, &mask, &case.inputs);
            return;
        }
        if let (Some(generator), Some((failing, error))) = (generator, report.last_attempt().and_then(failing_of)) {
            match shrink_log.decide(&case.id, &error) {
                ShrinkDecision::Shrink => {
                    let mut shrinker = Shrinker::new(&case.inputs, generator, PREDICTIONS);
                    self.shrink(case, &mask, failing, &mut shrinker).await;
                    smallest = shrinker.best().clone();
                    report.minimal_inputs = (smallest != case.inputs).then(|| mask.inputs(&smallest));
                    if shrinker.proposals() > 0 {
                        let predictions = count(shrinker.proposals(), "prediction");
                        report.remarks.push(format!("tried {predictions} to find smaller failing inputs"));
                    }
                }
                ShrinkDecision::SameAs(other) => {
                    report.remarks.push(format!("same error as {other}, which shows how to reproduce it"));
                    return;
                }
                ShrinkDecision::LimitReached => {
                    report.remarks.push(format!("not shrunk, because {SHRUNK_FAILURES} other failures were"));
                }
            }
        }
        report.reproduction = self.reproduction(case, &mask, &smallest);
        if report.reproduction.is_none() {
            report.remarks.push("the inputs are too long for a command that reproduces it".to_owned());
        }
    }

    /// The command that runs these inputs again. Files are part of it; `None` if it would be longer than a shell takes.
    pub(super) fn reproduction(&self, case: &PlannedCase, mask: &Mask, inputs: &Inputs) -> Option<String> {
        let (api_url, inputs) = (self.services.replicate.api_url(), mask.whole_inputs(inputs));
        let command = if case.kind.is_training() {
            training_command(&api_url, self.request.version, &self.request.train?.destination, &inputs)
        } else if self.services.replicate.is_cog_server() {
            server_command(&api_url, &inputs)
        } else {
            curl_command(&api_url, self.request.version, &inputs)
        };
        Some(command).filter(|command| command.len() <= COMMAND_BYTES)
    }

    async fn shrink(&self, case: &PlannedCase, mask: &Mask, failing: FailureKind, shrinker: &mut Shrinker) {
        self.emit(EventKind::Notice(format!("{}: looking for smaller failing inputs", case.id)));
        while let Some(inputs) = shrinker.next() {
            let call = PredictionCall {
                case: &case.id,
                side: Side::Staged,
                inputs: &inputs,
                mask,
                priority: Priority::High,
                timeout: case.timeout,
                watches_output: case.watches_output(),
            };
            match self.predict(call).await.end {
                PredictionEnd::Finished(prediction) if self.failing(&prediction) == Some(failing) => shrinker.failed(),
                PredictionEnd::NotStarted | PredictionEnd::Cancelled => return,
                _ => shrinker.passed(),
            }
        }
    }

    fn failing(&self, prediction: &Prediction) -> Option<FailureKind> {
        if prediction.status == PredictionStatus::Failed {
            return Some(FailureKind::Error);
        }
        let output = join_output(self.request.schema, prediction.output.clone().unwrap_or_default());
        let is_wrong = output.is_null() || !check_output(self.request.schema, Method::Predict, &output).is_empty();
        is_wrong.then_some(FailureKind::Output)
    }
}

/// How an attempt failed. `None` if it should not be shrunk: each step of a timeout would take minutes.
fn failing_of(attempt: &Attempt) -> Option<(FailureKind, String)> {
    match (&attempt.error, &attempt.reason) {
        (Some(error), _) => Some((FailureKind::Error, error.clone())),
        (None, Some(reason)) if reason.contains("limit of") => None,
        (None, Some(reason)) => Some((FailureKind::Output, reason.clone())),
        (None, None) => None,
    }
}
