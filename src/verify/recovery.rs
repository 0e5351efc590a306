//! What an error of the Replicate client means for its case and for the whole verification.

use std::time::Duration;

use crate::clients::replicate::{PredictionTarget, ReplicateError, ReplicateFailure, TimeLimit, TimedOut};
use crate::domain::events::EventKind;
use crate::domain::report::Attempt;
use crate::support::causes::with_causes;
use crate::verify::VerifyError;
use crate::verify::boot_gate::BootGate;
use crate::verify::call::{PredictionCall, PredictionEnd};
use crate::verify::engine::Engine;
use crate::verify::side::Side;

/// What to do after an error of the Replicate client.
pub(super) enum PredictionRecovery {
    /// The prediction is over.
    Finish { end: PredictionEnd, stop: VerificationStop },
    /// Retry by the model's name.
    AskByName(PredictionTarget),
    /// Retry, because a version that was just pushed may become visible in a moment. The end if it does not.
    RetryUntilVisible(PredictionEnd),
}

/// Whether an error stops the whole verification.
pub(super) enum VerificationStop {
    No,
    /// With the client's error as the reason.
    WithError,
    With(VerifyError),
}

impl PredictionRecovery {
    fn finish(end: PredictionEnd) -> Self {
        Self::Finish { end, stop: VerificationStop::No }
    }

    fn stop(end: PredictionEnd) -> Self {
        Self::Finish { end, stop: VerificationStop::WithError }
    }
}

impl Engine<'_> {
    pub(super) fn recovery(
        &self,
        error: &ReplicateError,
        call: PredictionCall<'_>,
        target: &PredictionTarget,
        duration: Duration,
        attempts: &mut Vec<Attempt>,
    ) -> PredictionRecovery {
        let message = call.mask.text(&with_causes(error));
        let errored = || PredictionEnd::Errored(message.clone());
        let is_staged = call.side.is_staged();
        let has_booted = self.gate_of(call.side).is_none_or(BootGate::is_open);
        match error.failure() {
            ReplicateFailure::Cancelled { still_running } => {
                if let Some(id) = still_running {
                    let noun = if call.side == Side::Trainer { "training" } else { "prediction" };
                    self.emit(EventKind::Notice(format!("{}: failed to cancel {noun} {id}, which may still run", call.case)));
                }
                PredictionRecovery::finish(PredictionEnd::Cancelled)
            }
            ReplicateFailure::TimedOut(timed_out) => self.timed_out(timed_out, call, duration, attempts),
            ReplicateFailure::InvalidInput { detail, .. } => {
                let detail = call.mask.text(detail);
                attempts.push(refused(&detail, duration));
                PredictionRecovery::finish(PredictionEnd::Refused(detail))
            }
            ReplicateFailure::PaymentRequired { .. } => PredictionRecovery::stop(errored()),
            ReplicateFailure::VersionDisabled { detail } if is_staged => {
                let reason = VerifyError::NeverBooted { reason: detail.clone(), logs_tail: String::new() };
                PredictionRecovery::Finish { end: errored(), stop: VerificationStop::With(reason) }
            }
            ReplicateFailure::NotFound { .. } | ReplicateFailure::VersionNotPermitted { .. } if is_staged && !has_booted => {
                PredictionRecovery::RetryUntilVisible(errored())
            }
            // Official models have no predictions by version: `docs/reference/replicate-api.md#official-models`.
            ReplicateFailure::NotFound { .. } => match target {
                PredictionTarget::Version(version) if !is_staged => {
                    PredictionRecovery::AskByName(PredictionTarget::Model(version.model.clone()))
                }
                _ if is_staged => PredictionRecovery::stop(errored()),
                _ => PredictionRecovery::finish(errored()),
            },
            ReplicateFailure::Forbidden { .. }
            | ReplicateFailure::VersionNotPermitted { .. }
            | ReplicateFailure::VersionDisabled { .. }
                if !is_staged =>
            {
                PredictionRecovery::finish(errored())
            }
            _ => PredictionRecovery::stop(errored()),
        }
    }

    fn timed_out(
        &self,
        timed_out: &TimedOut,
        call: PredictionCall<'_>,
        duration: Duration,
        attempts: &mut Vec<Attempt>,
    ) -> PredictionRecovery {
        let reason = ReplicateFailure::TimedOut(Box::new(timed_out.clone())).to_string();
        let mut attempt = self.attempt_of(&timed_out.prediction, duration, call);
        attempt.reason = Some(reason.clone());
        let logs_tail = attempt.logs_tail.clone();
        attempts.push(attempt);
        let has_booted = self.gate_of(call.side).is_none_or(BootGate::is_open);
        let never_booted = timed_out.limit == TimeLimit::StartUp && !has_booted;
        if timed_out.limit == TimeLimit::Run {
            self.spend(timed_out.allowed);
        }
        let stop = match never_booted {
            true => VerificationStop::With(VerifyError::NeverBooted { reason: reason.clone(), logs_tail }),
            false => VerificationStop::No,
        };
        PredictionRecovery::Finish { end: PredictionEnd::TimedOut(reason), stop }
    }
}

fn refused(detail: &str, duration: Duration) -> Attempt {
    Attempt {
        prediction: None,
        url: None,
        output: None,
        error: Some(detail.to_owned()),
        logs_tail: String::new(),
        reason: None,
        duration,
        metrics: serde_json::Map::new(),
    }
}
