//! Runs one prediction or training of a case, with retries after platform errors.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clients::http::pause;
use crate::clients::replicate::{PredictionRequest, PredictionTarget, ReplicateError, RunLimits, StatusObserver, TrainingRequest};
use crate::domain::events::EventKind;
use crate::domain::plan::Limits;
use crate::domain::prediction::{Prediction, PredictionId, PredictionStatus};
use crate::domain::report::Attempt;
use crate::support::retry::RetryPolicy;
use crate::verify::call::{PredictionCall, PredictionEnd, PredictionRun};
use crate::verify::cost::run_time;
use crate::verify::engine::Engine;
use crate::verify::recovery::{PredictionRecovery, VerificationStop};
use crate::verify::side::Side;
use crate::verify::slots::Priority;
use crate::verify::{DeploymentRef, VerifyError, platform};

/// Waits between retries after a platform error.
const PLATFORM_RETRY: RetryPolicy =
    RetryPolicy { retries: 3, first_wait: Duration::from_secs(2), longest_wait: Duration::from_secs(30) };

/// A version that was just pushed may not be visible to the predictions endpoint at once.
const VISIBILITY_RETRY: RetryPolicy =
    RetryPolicy { retries: 5, first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(10) };

impl Engine<'_> {
    /// Runs a prediction or training until it ends.
    pub(super) async fn predict(&self, call: PredictionCall<'_>) -> PredictionRun {
        let mut attempts = Vec::new();
        let Some(mut target) = self.target(call.side) else {
            return PredictionRun { attempts, end: PredictionEnd::Errored("no live version".to_owned()) };
        };
        let gate = self.gate_of(call.side);
        let mut priority = call.priority;
        let mut platform_waits = PLATFORM_RETRY.waits();
        let mut platform_tries = 0;
        let mut visibility_waits = VISIBILITY_RETRY.waits();
        let end = loop {
            let Some(slot) = self.acquire_slot(priority).await else { break self.not_made(&attempts) };
            // Only after the slot, so that predictions boot the version in the order of the plan.
            let permit = match gate {
                None => None,
                Some(gate) => match gate.pass(&self.stopping).await {
                    Some(permit) => permit,
                    None => break self.not_made(&attempts),
                },
            };
            let started = self.services.clock.instant();
            let outcome = self.run_once(&target, call, permit.is_some()).await.map_err(|error| call.mask.error(error));
            drop(slot);
            let duration = started.elapsed();
            let wait = match outcome {
                Ok(prediction) => {
                    self.run_times.record(call.side, run_time(&prediction));
                    self.samples.record(call.case, call.side, started, &prediction);
                    self.spend(run_time(&prediction));
                    if let (Side::Trainer, Some(train)) = (call.side, self.request.train) {
                        self.trained.record(call.case, &prediction, &train.destination);
                    }
                    let mut attempt = self.attempt_of(&prediction, duration, call);
                    if gate.is_some_and(|gate| !gate.is_open())
                        && let Some(reason) = platform::boot_failure(&prediction, call.mask)
                    {
                        attempt.reason = Some(format!("the version never booted: {reason}"));
                        let logs_tail = attempt.logs_tail.clone();
                        attempts.push(attempt);
                        self.stop(VerifyError::NeverBooted { reason: reason.clone(), logs_tail });
                        break PredictionEnd::TimedOut(format!("the version never booted: {reason}"));
                    }
                    let Some(fault) = platform::fault(&prediction) else {
                        attempts.push(attempt);
                        if let Some(gate) = gate {
                            gate.open();
                        }
                        break PredictionEnd::Finished(Box::new(prediction));
                    };
                    let reason = format!("platform error {}: {}", fault.code, fault.meaning);
                    attempt.reason = Some(reason.clone());
                    attempts.push(attempt);
                    let wait = platform_waits.next().filter(|_| platform_tries < fault.retries);
                    let Some(wait) = wait else { break PredictionEnd::Errored(reason) };
                    platform_tries += 1;
                    self.ledger.count_platform_retry();
                    self.emit(EventKind::Waiting { reason: format!("{}: {reason}", call.case), wait });
                    wait
                }
                Err(error) => match self.recovery(&error, call, &target, duration, &mut attempts) {
                    PredictionRecovery::Finish { end, stop } => {
                        match stop {
                            VerificationStop::No => {}
                            VerificationStop::WithError => self.stop(VerifyError::Replicate(error)),
                            VerificationStop::With(reason) => self.stop(reason),
                        }
                        break end;
                    }
                    PredictionRecovery::AskByName(other) => {
                        target = other;
                        continue;
                    }
                    PredictionRecovery::RetryUntilVisible(end) => match visibility_waits.next() {
                        Some(wait) => {
                            let reason = "Replicate does not show the version yet".to_owned();
                            self.emit(EventKind::Waiting { reason, wait });
                            wait
                        }
                        None => {
                            self.stop(VerifyError::Replicate(error));
                            break end;
                        }
                    },
                },
            };
            drop(permit);
            priority = Priority::High;
            if pause(wait, &self.stopping).await.is_err() {
                break self.not_made(&attempts);
            }
        };
        PredictionRun { attempts, end }
    }

    /// The end of a prediction that is not created because the verification stops.
    fn not_made(&self, attempts: &[Attempt]) -> PredictionEnd {
        if attempts.is_empty() { PredictionEnd::NotStarted } else { PredictionEnd::Cancelled }
    }

    fn target(&self, side: Side) -> Option<PredictionTarget> {
        if let (Side::Staged, Some(DeploymentRef { owner, name })) = (side, self.request.through) {
            return Some(PredictionTarget::Deployment { owner: owner.clone(), name: name.clone() });
        }
        let version = match side {
            Side::Staged | Side::Trainer => Some(self.request.version),
            Side::Live => self.request.live,
        };
        version.cloned().map(PredictionTarget::Version)
    }

    /// Runs a prediction or training once. `boots` says whether others wait for it to start.
    async fn run_once(
        &self,
        target: &PredictionTarget,
        call: PredictionCall<'_>,
        boots: bool,
    ) -> Result<Prediction, ReplicateError> {
        let (announced, started) = (AtomicBool::new(false), AtomicBool::new(false));
        let created: Mutex<Option<PredictionId>> = Mutex::new(None);
        let watcher = |prediction: &Prediction| {
            if !announced.swap(true, Ordering::Relaxed) {
                self.ledger.count_prediction();
                self.emit(EventKind::PredictionCreated {
                    case: call.case.clone(),
                    prediction: call.mask.id(&prediction.id),
                    url: prediction.web_url.as_deref().map(|url| call.mask.text(url)),
                });
            }
            self.first_outputs.note(prediction, self.services.clock.instant());
            if let Ok(mut created) = created.lock() {
                *created = Some(call.mask.id(&prediction.id));
            }
            let runs = prediction.started_at.is_some()
                || matches!(prediction.status, PredictionStatus::Processing | PredictionStatus::Succeeded);
            if runs && !started.swap(true, Ordering::Relaxed) {
                self.emit(EventKind::PredictionStarted(call.mask.id(&prediction.id)));
            }
            if runs && let Some(gate) = self.gate_of(call.side) {
                gate.open();
            }
        };
        let outcome = self.request_once(target, call, boots, &watcher).await;
        let created = created.into_inner().unwrap_or_else(PoisonError::into_inner);
        created.into_iter().for_each(|id| self.emit(EventKind::PredictionFinished(id)));
        outcome
    }

    async fn request_once(
        &self,
        target: &PredictionTarget,
        call: PredictionCall<'_>,
        boots: bool,
        watcher: &StatusObserver<'_>,
    ) -> Result<Prediction, ReplicateError> {
        let replicate = &self.services.replicate;
        let limits = self.request.limits;
        let limits =
            &Limits { predict: call.timeout.unwrap_or(limits.predict), train: call.timeout.unwrap_or(limits.train), ..*limits };
        if let (Side::Trainer, Some(train)) = (call.side, self.request.train) {
            let request = TrainingRequest {
                version: self.request.version.clone(),
                destination: train.destination.clone(),
                inputs: call.inputs.clone(),
            };
            return replicate.run_training(&request, &RunLimits::of_training(limits), watcher, &self.stopping).await;
        }
        let request = PredictionRequest::new(target.clone(), call.inputs.clone());
        let pace = self.run_times.pace(call.side).filter(|_| !call.watches_output);
        let limits = RunLimits::of_prediction(limits).at_pace(pace).booting(boots);
        replicate.run_prediction(&request, &limits, watcher, &self.stopping).await
    }

    /// Adds run time to the costs, and stops the verification when the budget is spent.
    pub(super) fn spend(&self, time: Duration) {
        if let Some((used, allowed)) = self.ledger.spend(time) {
            self.stop(VerifyError::BudgetSpent { used, allowed });
        }
    }

    /// A prediction as the report shows it: every text of the model or the service goes through the case's mask.
    pub(super) fn attempt_of(&self, prediction: &Prediction, duration: Duration, call: PredictionCall<'_>) -> Attempt {
        let mask = call.mask;
        let mut metrics = mask.metrics(&prediction.metrics);
        if let Some(time) = prediction.predict_time {
            metrics.entry("predict_time").or_insert_with(|| time.as_secs_f64().into());
        }
        let output = prediction.output.clone().map(|output| self.joined(call.side.method(), output));
        Attempt {
            prediction: Some(mask.id(&prediction.id)),
            url: prediction.web_url.as_deref().map(|url| mask.text(url)),
            output: output.map(|output| mask.value(&output)),
            error: prediction.error.as_deref().map(|error| mask.text(error)),
            logs_tail: mask.logs(&prediction.logs),
            reason: None,
            duration,
            metrics,
        }
    }
}
