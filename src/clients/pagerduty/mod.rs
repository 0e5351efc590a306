//! PagerDuty's Events API v2, as far as it is needed: an alert is triggered, and resolved when all is well again.
//!
//! Both name the alert by the same key, so that a failure that goes on stays one alert. When to alert is left to the caller.

mod error;
mod real;

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;

pub use error::{PagerDutyError, PagerDutyFailure};
pub use real::{PagerDutyOptions, RealPagerDuty};

/// How grave an alert is, in the service's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertSeverity {
    /// Users are hit, or soon will be.
    Critical,
    /// Something does not work.
    Error,
    /// Somebody should look at it.
    Warning,
}

impl AlertSeverity {
    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What PagerDuty is told.
#[derive(Debug, Clone, PartialEq)]
pub enum AlertEvent {
    /// Something is wrong.
    Trigger {
        /// The same for every event about the same thing.
        dedup_key: String,
        /// One line.
        summary: String,
        /// Where it was noticed.
        source: String,
        /// How grave it is.
        severity: AlertSeverity,
        /// More about it.
        details: Value,
    },
    /// It is well again. Without an alert that is open, nothing happens.
    Resolve {
        /// The key it was triggered with.
        dedup_key: String,
    },
}

impl fmt::Display for AlertEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trigger { dedup_key, .. } => write!(formatter, "trigger the alert '{dedup_key}'"),
            Self::Resolve { dedup_key } => write!(formatter, "resolve the alert '{dedup_key}'"),
        }
    }
}

/// Somebody who wakes people up.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// Sends an event. May be repeated: the key makes it one alert.
    async fn send(&self, event: &AlertEvent) -> Result<(), PagerDutyError>;
}
