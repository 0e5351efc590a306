//! What a failed call may have done, and therefore whether it may be repeated.

use std::time::Duration;

use crate::clients::http::Retry;
use crate::clients::replicate::ReplicateFailure;

/// What a failed call may have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing, and a retry does not help: the service rejected it.
    Refused,
    /// Nothing yet: it can be repeated after the requested wait.
    NotExecuted(Option<Duration>),
    /// Unknown: it can be repeated only if it is idempotent.
    Unknown(Option<Duration>),
}

impl ReplicateFailure {
    /// What the failed call may have done. A 429 was not executed (`docs/reference/replicate-api.md#lost-creations`), nor was a
    /// request that found no connection.
    pub(super) fn effect(&self) -> Effect {
        match self {
            Self::RateLimited { retry_after, .. } => Effect::NotExecuted(*retry_after),
            Self::Transport { may_have_arrived: false, .. } => Effect::NotExecuted(None),
            Self::Server { retry_after, .. } => Effect::Unknown(*retry_after),
            Self::Transport { may_have_arrived: true, .. } | Self::UnexpectedBody { .. } => Effect::Unknown(None),
            _ => Effect::Refused,
        }
    }

    /// Whether an idempotent call is worth a retry.
    pub(super) fn retry(&self) -> Retry {
        match (self, self.effect()) {
            // The response would be the same.
            (Self::UnexpectedBody { .. }, _) | (_, Effect::Refused) => Retry::No,
            (_, Effect::NotExecuted(wait) | Effect::Unknown(wait)) => Retry::After(wait),
        }
    }
}
