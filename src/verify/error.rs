//! Why a verification stopped early.

use std::time::Duration;

use crate::clients::ErrorKind;
use crate::clients::replicate::ReplicateError;
use crate::support::clock::readable_duration;
use crate::verify::judge::JudgeError;

/// Why a verification stopped early. The results until then are kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The version did not start, so no prediction on it can succeed.
    #[error("the version never booted: {reason}")]
    NeverBooted {
        /// The evidence for it.
        reason: String,
        /// The last lines of the logs. Untrusted text.
        logs_tail: String,
    },
    /// The predictions used more run time than the plan allows.
    #[error("predictions used {} of run time, but max_predict_seconds allows {}", readable_duration(*.used), readable_duration(*.allowed))]
    BudgetSpent {
        /// Run time of all predictions.
        used: Duration,
        /// The limit in the plan.
        allowed: Duration,
    },
    /// Replicate refused a request, failed, or wants payment.
    #[error("no further predictions can run")]
    Replicate(#[source] ReplicateError),
    /// Claude could not judge outputs.
    #[error("outputs could not be judged")]
    Judge(#[source] JudgeError),
    /// The user or CI canceled the run.
    #[error("the verification was canceled")]
    Cancelled,
}

impl VerifyError {
    /// Who is responsible. A model that does not boot or exceeds its time budget failed itself.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NeverBooted { .. } | Self::BudgetSpent { .. } => ErrorKind::Model,
            Self::Replicate(error) => error.kind(),
            Self::Judge(error) => error.kind,
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }

    /// The fix, if there is one to suggest.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NeverBooted { .. } => {
                Some("read the logs of the first prediction: setup() fails or hangs, or the image is too large")
            }
            Self::BudgetSpent { .. } => Some("run fewer or cheaper cases, or raise max_predict_seconds"),
            Self::Replicate(error) => error.hint(),
            Self::Judge(_) | Self::Cancelled => None,
        }
    }
}
