//! Predictions and trainings: one kind of record, as in the real service.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::engine::EngineVersion;
use crate::job_kind::JobKind;

/// A job's status: `docs/reference/replicate-api.md#statuses`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Starting,
    Processing,
    Succeeded,
    Failed,
    /// By the user, or at its deadline while it ran.
    Canceled,
    /// Ended before it started.
    Aborted,
}

impl Status {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Aborted => "aborted",
        }
    }

    pub(crate) const fn is_terminal(self) -> bool {
        !matches!(self, Self::Starting | Self::Processing)
    }
}

/// How long things took.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Metrics {
    pub(crate) predict_time: Option<Duration>,
    pub(crate) total_time: Option<Duration>,
    /// What the version reported besides.
    pub(crate) others: Map<String, Value>,
}

/// A prediction or training.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) sequence: u64,
    pub(crate) kind: JobKind,
    pub(crate) version: EngineVersion,
    /// Official models hide which version ran.
    pub(crate) hides_version: bool,
    pub(crate) is_scripted: bool,
    pub(crate) streams: bool,
    /// `owner/name` of the deployment it was made on.
    pub(crate) deployment: Option<String>,
    /// Where the version that a training makes goes.
    pub(crate) destination: Option<String>,
    pub(crate) input: Map<String, Value>,
    pub(crate) output: Value,
    /// Output files, to be removed with the data.
    pub(crate) files: Vec<String>,
    pub(crate) error: Option<String>,
    pub(crate) logs: String,
    pub(crate) metrics: Metrics,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
    pub(crate) created: Instant,
    pub(crate) started: Option<Instant>,
    pub(crate) deadline: Option<(DateTime<Utc>, Instant)>,
    pub(crate) is_data_removed: bool,
    pub(crate) cancelled: CancellationToken,
    /// Holds the status, for those who wait.
    pub(crate) status: watch::Sender<Status>,
}

impl Job {
    pub(crate) fn status(&self) -> Status {
        *self.status.borrow()
    }

    /// Begins the run itself. A job that is over stays so.
    pub(crate) fn start(&mut self, at: DateTime<Utc>, instant: Instant) {
        if self.status() == Status::Starting {
            self.started_at = Some(at);
            self.started = Some(instant);
            self.status.send_replace(Status::Processing);
        }
    }

    /// Ends the job and tells those who wait.
    pub(crate) fn end(&mut self, status: Status, at: DateTime<Utc>, instant: Instant) {
        self.completed_at = Some(at);
        self.metrics.predict_time = self.started.map(|started| instant.saturating_duration_since(started));
        self.metrics.total_time = Some(instant.saturating_duration_since(self.created));
        self.cancelled.cancel();
        self.status.send_replace(status);
    }

    /// Forgets what was given and what came out.
    pub(crate) fn remove_data(&mut self) -> Vec<String> {
        self.is_data_removed = true;
        self.input = Map::new();
        self.output = Value::Null;
        self.logs = String::new();
        std::mem::take(&mut self.files)
    }
}
