//! One prediction or training of a case, repeated while the platform is to blame.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cog_schema::Method;

use crate::clients::http::pause;
use crate::clients::replicate::{
    PredictionRequest, PredictionTarget, ReplicateError, RunLimits, StatusObserver, TimeLimit, TrainingRequest,
};
use crate::domain::case::CaseId;
use crate::domain::events::EventKind;
use crate::domain::prediction::{Inputs, Prediction, PredictionStatus};
use crate::domain::report::Attempt;
use crate::support::retry::RetryPolicy;
use crate::verify::aftermath::AfterError;
use crate::verify::cost::run_time;
use crate::verify::engine::Engine;
use crate::verify::mask::Mask;
use crate::verify::places::Urgency;
use crate::verify::{VerifyError, platform};

/// The waits between repeats after a platform error.
const PLATFORM_RETRY: RetryPolicy =
    RetryPolicy { retries: 3, first_wait: Duration::from_secs(2), longest_wait: Duration::from_secs(30) };

/// A version that was just pushed may be unknown to the call that creates predictions for a moment.
const VISIBILITY_RETRY: RetryPolicy =
    RetryPolicy { retries: 5, first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(10) };

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The version under test, for a prediction.
    Staged,
    /// The version under test, for a training: another container, which boots by itself.
    Trainer,
    /// The live version, for a prediction.
    Live,
}

impl Side {
    /// Whether it is the version under test.
    pub(super) fn is_staged(self) -> bool {
        self != Self::Live
    }

    /// The method that is called.
    pub(super) fn method(self) -> Method {
        match self {
            Self::Trainer => Method::Train,
            Self::Staged | Self::Live => Method::Predict,
        }
    }
}

/// How a prediction, with its repeats, came to an end.
#[derive(Debug)]
pub(super) enum End {
    /// By itself: succeeded, or failed with an error of the model.
    Ended(Box<Prediction>),
    /// It was never made: the inputs were refused.
    Refused(String),
    /// A limit was reached.
    TimedOut {
        /// Which.
        limit: TimeLimit,
        /// In words.
        reason: String,
    },
    /// The platform, or a service, did not let it come to an end.
    Errored(String),
    /// It was stopped with everything else.
    Cancelled,
    /// Everything stopped before it was made.
    NotStarted,
}

/// A prediction with its repeats.
#[derive(Debug)]
pub(super) struct Tried {
    /// Every one that was made or refused, oldest first. The last belongs to the end.
    pub(super) attempts: Vec<Attempt>,
    pub(super) end: End,
}

/// What is to be asked.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) case: &'a CaseId,
    pub(super) side: Side,
    pub(super) inputs: &'a Inputs,
    pub(super) mask: &'a Mask,
    pub(super) urgency: Urgency,
}

impl Engine<'_> {
    /// Runs a prediction to its end.
    pub(super) async fn predict(&self, ask: Ask<'_>) -> Tried {
        let mut attempts = Vec::new();
        let Some(mut target) = self.target(ask.side) else {
            return Tried { attempts, end: End::Errored("no version is live".to_owned()) };
        };
        let gate = self.gate_of(ask.side);
        let mut urgency = ask.urgency;
        let mut platform_waits = PLATFORM_RETRY.waits();
        let mut platform_tries = 0;
        let mut visibility_waits = VISIBILITY_RETRY.waits();
        let end = loop {
            let Some(place) = self.place(urgency).await else { break self.unmade(&attempts) };
            // With a place in hand, so that the order in which places are given is that of the plan.
            let turn = match gate {
                None => None,
                Some(gate) => match gate.pass(&self.stopping).await {
                    Some(turn) => turn,
                    None => break self.unmade(&attempts),
                },
            };
            let began = self.services.clock.instant();
            let outcome = self.run_once(&target, ask).await;
            drop(place);
            let duration = began.elapsed();
            let wait = match outcome {
                Ok(prediction) => {
                    self.pace.note(ask.side, run_time(&prediction));
                    self.spend(run_time(&prediction));
                    if ask.side == Side::Trainer {
                        self.note_trained(ask.case, &prediction);
                    }
                    let mut attempt = self.attempt_of(&prediction, duration, ask);
                    if gate.is_some_and(|gate| !gate.is_open())
                        && let Some(reason) = platform::boot_failure(&prediction)
                    {
                        attempt.reason = Some(format!("the version never booted: {reason}"));
                        let logs_tail = attempt.logs_tail.clone();
                        attempts.push(attempt);
                        self.stop(VerifyError::NeverBooted { reason: reason.clone(), logs_tail });
                        break End::TimedOut { limit: TimeLimit::StartUp, reason: format!("the version never booted: {reason}") };
                    }
                    let Some(fault) = platform::fault(&prediction) else {
                        attempts.push(attempt);
                        if let Some(gate) = gate {
                            gate.open();
                        }
                        break End::Ended(Box::new(prediction));
                    };
                    let reason = format!("platform error {}: {}", fault.code, fault.meaning);
                    attempt.reason = Some(reason.clone());
                    attempts.push(attempt);
                    let wait = platform_waits.next().filter(|_| platform_tries < fault.retries);
                    let Some(wait) = wait else { break End::Errored(reason) };
                    platform_tries += 1;
                    self.ledger.repeated();
                    self.tell(EventKind::Notice(format!("{}: {reason}; trying again", ask.case)));
                    wait
                }
                Err(error) => match self.after_error(&error, ask, &target, duration, &mut attempts) {
                    AfterError::End(end, fatal) => {
                        if let Some(reason) = fatal {
                            self.stop(reason.unwrap_or(VerifyError::Replicate(error)));
                        }
                        break end;
                    }
                    AfterError::ByName(other) => {
                        target = other;
                        continue;
                    }
                    AfterError::NotYetVisible(end) => match visibility_waits.next() {
                        Some(wait) => wait,
                        None => {
                            self.stop(VerifyError::Replicate(error));
                            break end;
                        }
                    },
                },
            };
            drop(turn);
            urgency = Urgency::Urgent;
            if pause(wait, &self.stopping).await.is_err() {
                break self.unmade(&attempts);
            }
        };
        Tried { attempts, end }
    }

    /// The end of a prediction that is not made because everything stops.
    fn unmade(&self, attempts: &[Attempt]) -> End {
        if attempts.is_empty() { End::NotStarted } else { End::Cancelled }
    }

    fn target(&self, side: Side) -> Option<PredictionTarget> {
        let version = match side {
            Side::Staged | Side::Trainer => Some(self.request.version),
            Side::Live => self.request.live,
        };
        version.cloned().map(PredictionTarget::Version)
    }

    async fn run_once(&self, target: &PredictionTarget, ask: Ask<'_>) -> Result<Prediction, ReplicateError> {
        let announced = AtomicBool::new(false);
        let watcher = |prediction: &Prediction| {
            if !announced.swap(true, Ordering::Relaxed) {
                self.ledger.created();
                self.tell(EventKind::PredictionCreated {
                    case: ask.case.clone(),
                    prediction: prediction.id.clone(),
                    url: prediction.web_url.clone(),
                });
            }
            let runs = prediction.started_at.is_some()
                || matches!(prediction.status, PredictionStatus::Processing | PredictionStatus::Succeeded);
            if runs && let Some(gate) = self.gate_of(ask.side) {
                gate.open();
            }
        };
        self.request_once(target, ask, &watcher).await
    }

    async fn request_once(
        &self,
        target: &PredictionTarget,
        ask: Ask<'_>,
        watcher: &StatusObserver<'_>,
    ) -> Result<Prediction, ReplicateError> {
        let (replicate, limits) = (&self.services.replicate, self.request.limits);
        if let (Side::Trainer, Some(train)) = (ask.side, self.request.train) {
            let request = TrainingRequest {
                version: self.request.version.clone(),
                destination: train.destination.clone(),
                inputs: ask.inputs.clone(),
            };
            return replicate.run_training(&request, &RunLimits::of_training(limits), watcher, &self.stopping).await;
        }
        let request = PredictionRequest::new(target.clone(), ask.inputs.clone());
        let limits = RunLimits::of_prediction(limits).expecting(self.pace.typical(ask.side));
        replicate.run_prediction(&request, &limits, watcher, &self.stopping).await
    }

    pub(super) fn spend(&self, time: Duration) {
        if let Some((used, allowed)) = self.ledger.spent(time) {
            self.stop(VerifyError::BudgetSpent { used, allowed });
        }
    }

    /// A prediction as the report has it.
    pub(super) fn attempt_of(&self, prediction: &Prediction, duration: Duration, ask: Ask<'_>) -> Attempt {
        let mask = ask.mask;
        let mut metrics = prediction.metrics.clone();
        if let Some(time) = prediction.predict_time {
            metrics.entry("predict_time").or_insert_with(|| time.as_secs_f64().into());
        }
        let output = prediction.output.clone().map(|output| self.joined(ask.side.method(), output));
        Attempt {
            prediction: Some(prediction.id.clone()),
            url: prediction.web_url.clone(),
            output: output.map(|output| mask.value(&output)),
            error: prediction.error.as_deref().map(|error| mask.text(error)),
            logs_tail: mask.logs(&prediction.logs),
            reason: None,
            duration,
            metrics,
        }
    }
}

/// An error with its causes on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
