//! Why a verification stopped before its end.

use std::time::Duration;

use crate::clients::ErrorKind;
use crate::clients::replicate::ReplicateError;
use crate::support::clock::humane;

/// Why a verification stopped before its end. What was found out until then is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The version did not start, so no prediction on it can succeed.
    #[error("the version never booted: {reason}")]
    NeverBooted {
        /// What was seen.
        reason: String,
        /// The last lines of the logs. Untrusted text.
        logs_tail: String,
    },
    /// The predictions used more run time than the plan allows.
    #[error("the predictions used {} of run time, and max_predict_seconds allows {}", humane(*.used), humane(*.allowed))]
    BudgetSpent {
        /// What they used.
        used: Duration,
        /// What is allowed.
        allowed: Duration,
    },
    /// Replicate refused, failed us, or wants money.
    #[error("the predictions cannot go on")]
    Replicate(#[source] ReplicateError),
    /// Somebody stopped the run.
    #[error("the verification was cancelled")]
    Cancelled,
}

impl VerifyError {
    /// Whose failure it is. A model that does not boot, or takes more time than it is given, failed.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NeverBooted { .. } | Self::BudgetSpent { .. } => ErrorKind::Model,
            Self::Replicate(error) => error.kind(),
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }

    /// The way out, where there is one to name.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NeverBooted { .. } => {
                Some("read the logs of the first prediction: setup() fails or hangs, or the image is too large")
            }
            Self::BudgetSpent { .. } => Some("run fewer or cheaper cases, or raise max_predict_seconds"),
            Self::Replicate(error) => error.hint(),
            Self::Cancelled => None,
        }
    }
}
