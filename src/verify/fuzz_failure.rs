//! What to say about generated inputs that fail: the smallest that fail too, and a command that repeats it.

use cog_findings::text::count;
use cog_schema::{Method, check_output, join_output};

use crate::domain::events::EventKind;
use crate::domain::prediction::{Prediction, PredictionStatus};
use crate::domain::report::{Attempt, CaseReport};
use crate::verify::case::Job;
use crate::verify::engine::Engine;
use crate::verify::fuzz::{Generator, Shrinker, curl_command, training_command};
use crate::verify::mask::Mask;
use crate::verify::places::Urgency;
use crate::verify::predict::{Ask, End, Side};
use crate::verify::run::{Claim, Shrinking};

/// Predictions that shrinking one failure may cost.
const PREDICTIONS: usize = 10;

/// Failures of one run that are shrunk.
const SHRUNK_FAILURES: usize = 3;

/// The two ways generated inputs fail. Shrinking must not slip from one to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failing {
    Error,
    Output,
}

impl Engine<'_> {
    /// Shrinks the failing inputs of a case, and adds the command that repeats the failure.
    pub(super) async fn explain_fuzz_failure(
        &self,
        job: &Job,
        generator: Option<&Generator>,
        shrinking: &Shrinking,
        report: &mut CaseReport,
    ) {
        let mask = self.mask(job);
        let mut smallest = job.inputs.clone();
        if job.kind.is_training() {
            // Each try would cost as much as the training that failed, and leave a version behind when it passes.
            let inputs = mask.inputs(&job.inputs);
            if let Some(train) = self.request.train {
                let api_url = self.services.replicate.api_url();
                let command = training_command(&api_url, self.request.version, &train.destination, &inputs);
                report.remarks.push(format!("to repeat it: {command}"));
            }
            return;
        }
        if let (Some(generator), Some((failing, error))) = (generator, report.last_attempt().and_then(failing_of)) {
            match shrinking.claim(&job.id, &error, SHRUNK_FAILURES) {
                Claim::Granted => {
                    let mut shrinker = Shrinker::new(&job.inputs, generator, PREDICTIONS);
                    self.shrink(job, &mask, failing, &mut shrinker).await;
                    smallest = shrinker.best().clone();
                    report.minimal_inputs = (smallest != job.inputs).then(|| mask.inputs(&smallest));
                    if shrinker.asked() > 0 {
                        let asked = count(shrinker.asked(), "prediction");
                        report.remarks.push(format!("looked for smaller failing inputs with {asked}"));
                    }
                }
                Claim::SameAs(other) => {
                    report.remarks.push(format!("fails as {other} does, which shows how to repeat it"));
                    return;
                }
                Claim::Enough => report.remarks.push(format!("not shrunk: {SHRUNK_FAILURES} other failures were")),
            }
        }
        let command = curl_command(&self.services.replicate.api_url(), self.request.version, &mask.inputs(&smallest));
        report.remarks.push(format!("to repeat it: {command}"));
    }

    async fn shrink(&self, job: &Job, mask: &Mask, failing: Failing, shrinker: &mut Shrinker) {
        self.tell(EventKind::Notice(format!("{}: looking for smaller failing inputs", job.id)));
        while let Some(inputs) = shrinker.next() {
            let ask = Ask { case: &job.id, side: Side::Staged, inputs: &inputs, mask, urgency: Urgency::Urgent };
            match self.predict(ask).await.end {
                End::Ended(prediction) if self.failing(&prediction) == Some(failing) => shrinker.failed(),
                End::NotStarted | End::Cancelled => return,
                _ => shrinker.passed(),
            }
        }
    }

    fn failing(&self, prediction: &Prediction) -> Option<Failing> {
        if prediction.status == PredictionStatus::Failed {
            return Some(Failing::Error);
        }
        let output = join_output(self.request.schema, prediction.output.clone().unwrap_or_default());
        let is_wrong = output.is_null() || !check_output(self.request.schema, Method::Predict, &output).is_empty();
        is_wrong.then_some(Failing::Output)
    }
}

/// How an attempt failed; `None` when shrinking would not help, as with a time limit, which costs minutes each time.
fn failing_of(attempt: &Attempt) -> Option<(Failing, String)> {
    match (&attempt.error, &attempt.reason) {
        (Some(error), _) => Some((Failing::Error, error.clone())),
        (None, Some(reason)) if reason.contains("limit of") => None,
        (None, Some(reason)) => Some((Failing::Output, reason.clone())),
        (None, None) => None,
    }
}
