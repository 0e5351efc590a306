//! Predictions and trainings as Replicate reports them.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// No prediction runs for longer: a week.
const LONGEST_TIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// A time that the model's own server reported, in seconds. `None` if no prediction can have taken it.
pub(crate) fn reported_time(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= LONGEST_TIME)
}

/// Inputs of a prediction, in the order in which they were written.
pub type Inputs = Map<String, Value>;

/// A prediction's or training's id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PredictionId(String);

impl PredictionId {
    /// Wraps an id from a service.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PredictionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The status of a prediction or training: `docs/reference/replicate-api.md#statuses`. An unknown one is kept and counts as not final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PredictionStatus {
    /// Queued, or the container is booting.
    Starting,
    /// `predict()` is running.
    Processing,
    Succeeded,
    /// It failed with an error.
    Failed,
    /// Canceled by a user, or at a deadline while it ran.
    Canceled,
    /// Stopped before it started.
    Aborted,
    /// A status that safe-push does not know.
    Unknown(String),
}

impl PredictionStatus {
    /// Whether it is final.
    pub fn is_terminal(&self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Canceled | Self::Aborted => true,
            Self::Starting | Self::Processing | Self::Unknown(_) => false,
        }
    }

    /// The API's name for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Starting => "starting",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Aborted => "aborted",
            Self::Unknown(word) => word,
        }
    }
}

impl From<&str> for PredictionStatus {
    fn from(word: &str) -> Self {
        match word {
            "starting" => Self::Starting,
            "processing" => Self::Processing,
            "succeeded" => Self::Succeeded,
            "failed" => Self::Failed,
            "canceled" => Self::Canceled,
            "aborted" => Self::Aborted,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl fmt::Display for PredictionStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A prediction (or training) at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    pub id: PredictionId,
    pub status: PredictionStatus,
    /// The reported version. May be `hidden`, and may differ from the requested one.
    pub version: Option<String>,
    /// The inputs as the service returned them.
    pub inputs: Inputs,
    /// The output, if any. A streamed output is an array of chunks.
    pub output: Option<Value>,
    /// The error message, if it failed.
    pub error: Option<String>,
    /// Logs so far; may be empty.
    pub logs: String,
    /// Run time, without queue and boot.
    pub predict_time: Option<Duration>,
    /// Other metrics, unchanged.
    pub metrics: Map<String, Value>,
    pub created_at: Option<DateTime<Utc>>,
    /// When `predict()` started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it finished.
    pub completed_at: Option<DateTime<Utc>>,
    /// The page for people.
    pub web_url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_no_prediction_can_take_are_not_times() {
        assert_eq!(reported_time(1.5), Some(Duration::from_millis(1500)));
        for seconds in [-1.0, 1e9, 1.7e19, f64::MAX, f64::NAN] {
            assert_eq!(reported_time(seconds), None, "{seconds}");
        }
    }
}
