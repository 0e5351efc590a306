//! How a run ended, and its exit code.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The result of a model's run or of a whole run. Ordered by severity: the most severe model decides the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every check passed, and everything that was to be published is published.
    Passed,
    /// The model failed a check: a result, not an error.
    Failed,
    /// A service failed: Replicate, Docker, GitHub or Claude.
    ServiceError,
    /// The account cannot pay for predictions.
    Billing,
    /// The request or the configuration is invalid.
    Misconfigured,
    /// The run was canceled.
    Cancelled,
}

impl Verdict {
    /// The process's exit code. Codes 125 to 127 are Docker's own: `docs/reference/github-actions.md#exit-codes`.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Misconfigured => 2,
            Self::ServiceError => 3,
            Self::Billing => 4,
            Self::Cancelled => 130,
        }
    }

    /// The name in `run.json` and outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Misconfigured => "misconfigured",
            Self::ServiceError => "service_error",
            Self::Billing => "billing",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
