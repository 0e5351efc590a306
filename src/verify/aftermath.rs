//! What an error of the client means: for its case, and for all the others.

use std::time::Duration;

use crate::clients::replicate::{PredictionTarget, ReplicateError, ReplicateFailure, TimeLimit, TimedOut};
use crate::domain::events::EventKind;
use crate::domain::report::Attempt;
use crate::verify::VerifyError;
use crate::verify::engine::Engine;
use crate::verify::gate::Gate;
use crate::verify::predict::{Ask, End, Side, chain};

/// What is to be done after an error of the client.
pub(super) enum AfterError {
    /// The prediction is over; `Some` stops everything: with a reason of its own, or with the error itself.
    End(End, Option<Option<VerifyError>>),
    /// To be asked for in another way.
    ByName(PredictionTarget),
    /// The version may appear in a moment; what it ends with if it does not.
    NotYetVisible(End),
}

impl Engine<'_> {
    /// What an error of the client means for the case and for the rest.
    pub(super) fn after_error(
        &self,
        error: &ReplicateError,
        ask: Ask<'_>,
        target: &PredictionTarget,
        duration: Duration,
        attempts: &mut Vec<Attempt>,
    ) -> AfterError {
        let said = ask.mask.text(&chain(error));
        let errored = || End::Errored(said.clone());
        let is_staged = ask.side.is_staged();
        let has_booted = self.gate_of(ask.side).is_none_or(Gate::is_open);
        match error.failure() {
            ReplicateFailure::Cancelled { still_running } => {
                if let Some(id) = still_running {
                    let noun = if ask.side == Side::Trainer { "training" } else { "prediction" };
                    self.tell(EventKind::Notice(format!("{}: {noun} {id} could not be stopped and may still run", ask.case)));
                }
                AfterError::End(End::Cancelled, None)
            }
            ReplicateFailure::TimedOut(timed_out) => self.timed_out(timed_out, ask, duration, attempts),
            ReplicateFailure::InvalidInput { detail, .. } => {
                let detail = ask.mask.text(detail);
                attempts.push(refused(&detail, duration));
                AfterError::End(End::Refused(detail), None)
            }
            ReplicateFailure::PaymentRequired { .. } => AfterError::End(errored(), Some(None)),
            ReplicateFailure::VersionDisabled { detail } if is_staged => {
                let reason = VerifyError::NeverBooted { reason: detail.clone(), logs_tail: String::new() };
                AfterError::End(errored(), Some(Some(reason)))
            }
            ReplicateFailure::NotFound { .. } | ReplicateFailure::VersionNotPermitted { .. } if is_staged && !has_booted => {
                AfterError::NotYetVisible(errored())
            }
            // Official models have no predictions by version: `docs/reference/replicate-api.md#official-models`.
            ReplicateFailure::NotFound { .. } => match target {
                PredictionTarget::Version(version) if !is_staged => {
                    AfterError::ByName(PredictionTarget::Model(version.model.clone()))
                }
                _ => AfterError::End(errored(), is_staged.then_some(None)),
            },
            ReplicateFailure::Forbidden { .. }
            | ReplicateFailure::VersionNotPermitted { .. }
            | ReplicateFailure::VersionDisabled { .. }
                if !is_staged =>
            {
                AfterError::End(errored(), None)
            }
            _ => AfterError::End(errored(), Some(None)),
        }
    }

    fn timed_out(&self, timed_out: &TimedOut, ask: Ask<'_>, duration: Duration, attempts: &mut Vec<Attempt>) -> AfterError {
        let reason = ReplicateFailure::TimedOut(Box::new(timed_out.clone())).to_string();
        let mut attempt = self.attempt_of(&timed_out.prediction, duration, ask);
        attempt.reason = Some(reason.clone());
        let logs_tail = attempt.logs_tail.clone();
        attempts.push(attempt);
        let has_booted = self.gate_of(ask.side).is_none_or(Gate::is_open);
        let never_booted = timed_out.limit == TimeLimit::StartUp && !has_booted;
        if timed_out.limit == TimeLimit::Run {
            self.spend(timed_out.allowed);
        }
        let fatal = never_booted.then(|| Some(VerifyError::NeverBooted { reason: reason.clone(), logs_tail }));
        AfterError::End(End::TimedOut { limit: timed_out.limit, reason }, fatal)
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
