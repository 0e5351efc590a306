//! PagerDuty's Events API v2: triggers an alert, and resolves it later.
//!
//! Both events carry the same key, so that a lasting failure stays one alert. When to send them is up to the caller.

mod error;
mod real;

use std::fmt;

use futures::future::BoxFuture;
use serde_json::Value;

pub use error::{PagerDutyError, PagerDutyFailure};
pub use real::{PagerDutyOptions, RealPagerDuty};

/// Severity of an alert, by PagerDuty's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertSeverity {
    /// Users are affected or soon will be.
    Critical,
    /// Something does not work.
    Error,
    /// Worth checking.
    Warning,
}

impl AlertSeverity {
    /// The API's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum AlertEvent {
    /// Opens an alert.
    Trigger {
        /// The key, the same for all events about the same problem.
        dedup_key: String,
        /// The problem, in one line.
        summary: String,
        /// Where it was noticed.
        source: String,
        severity: AlertSeverity,
        details: Value,
    },
    /// Closes an alert. Does nothing if none is open.
    Resolve {
        /// The key with which it was triggered.
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

/// A service that alerts people.
pub trait Alerts: Send + Sync {
    /// Sends an event. Safe to repeat: the key makes it one alert.
    fn send<'a>(&'a self, event: &'a AlertEvent) -> BoxFuture<'a, Result<(), PagerDutyError>>;
}
