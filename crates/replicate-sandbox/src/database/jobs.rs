//! Predictions and trainings, which share one kind of record as in the real service.

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
    /// By a client, or at its deadline while it ran.
    Canceled,
    /// At its deadline, before it started.
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

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Metrics {
    pub(crate) predict_time: Option<Duration>,
    pub(crate) total_time: Option<Duration>,
    /// Other metrics that the version reported.
    pub(crate) others: Map<String, Value>,
}

/// A prediction or training.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) sequence: u64,
    pub(crate) kind: JobKind,
    pub(crate) version: EngineVersion,
    /// Whether the version's id is hidden, as for official models.
    pub(crate) hides_version: bool,
    pub(crate) is_scripted: bool,
    pub(crate) streams: bool,
    /// The deployment it was created on, as `owner/name`.
    pub(crate) deployment: Option<String>,
    /// The model that receives the version made by a training, as `owner/name`.
    pub(crate) destination: Option<String>,
    pub(crate) input: Map<String, Value>,
    pub(crate) output: Value,
    /// Ids of output files, removed along with the data.
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
    /// The status, as a channel that others can wait on.
    pub(crate) status: watch::Sender<Status>,
}

impl Job {
    pub(crate) fn status(&self) -> Status {
        *self.status.borrow()
    }

    /// Marks the job as running. A finished job stays finished.
    pub(crate) fn start(&mut self, at: DateTime<Utc>, instant: Instant) {
        if self.status() == Status::Starting {
            self.started_at = Some(at);
            self.started = Some(instant);
            self.status.send_replace(Status::Processing);
        }
    }

    /// Finishes the job and notifies those who wait.
    pub(crate) fn end(&mut self, status: Status, at: DateTime<Utc>, instant: Instant) {
        self.completed_at = Some(at);
        self.metrics.predict_time = self.started.map(|started| instant.saturating_duration_since(started));
        self.metrics.total_time = Some(instant.saturating_duration_since(self.created));
        self.cancelled.cancel();
        self.status.send_replace(status);
    }

    /// Clears inputs, outputs and logs, and returns the ids of the files to remove.
    pub(crate) fn remove_data(&mut self) -> Vec<String> {
        self.is_data_removed = true;
        self.input = Map::new();
        self.output = Value::Null;
        self.logs = String::new();
        std::mem::take(&mut self.files)
    }
}
