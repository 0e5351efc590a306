//! Predictions and trainings: one kind of record, as in the real service.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::sandbox::engine::{EngineVersion, JobKind};

/// How a job stands (`contracts/replicate.md` section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Status {
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
    pub(in crate::sandbox) const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Aborted => "aborted",
        }
    }

    pub(in crate::sandbox) const fn is_terminal(self) -> bool {
        !matches!(self, Self::Starting | Self::Processing)
    }
}

/// How long things took.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::sandbox) struct Metrics {
    pub(in crate::sandbox) predict_time: Option<Duration>,
    pub(in crate::sandbox) total_time: Option<Duration>,
    /// What the version reported besides.
    pub(in crate::sandbox) others: Map<String, Value>,
}

/// A prediction or training.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Job {
    pub(in crate::sandbox) id: String,
    pub(in crate::sandbox) sequence: u64,
    pub(in crate::sandbox) kind: JobKind,
    pub(in crate::sandbox) version: EngineVersion,
    /// Official models hide which version ran.
    pub(in crate::sandbox) hides_version: bool,
    pub(in crate::sandbox) is_scripted: bool,
    pub(in crate::sandbox) streams: bool,
    /// `owner/name` of the deployment it was made on.
    pub(in crate::sandbox) deployment: Option<String>,
    /// Where the version that a training makes goes.
    pub(in crate::sandbox) destination: Option<String>,
    pub(in crate::sandbox) input: Map<String, Value>,
    pub(in crate::sandbox) output: Value,
    /// Output files, to be removed with the data.
    pub(in crate::sandbox) files: Vec<String>,
    pub(in crate::sandbox) error: Option<String>,
    pub(in crate::sandbox) logs: String,
    pub(in crate::sandbox) metrics: Metrics,
    pub(in crate::sandbox) created_at: DateTime<Utc>,
    pub(in crate::sandbox) started_at: Option<DateTime<Utc>>,
    pub(in crate::sandbox) completed_at: Option<DateTime<Utc>>,
    pub(in crate::sandbox) created: Instant,
    pub(in crate::sandbox) started: Option<Instant>,
    pub(in crate::sandbox) deadline: Option<(DateTime<Utc>, Instant)>,
    pub(in crate::sandbox) is_data_removed: bool,
    pub(in crate::sandbox) cancelled: CancellationToken,
    /// Holds the status, for those who wait.
    pub(in crate::sandbox) status: watch::Sender<Status>,
}

impl Job {
    pub(in crate::sandbox) fn status(&self) -> Status {
        *self.status.borrow()
    }

    /// Begins the run itself. A job that is over stays so.
    pub(in crate::sandbox) fn start(&mut self, at: DateTime<Utc>, instant: Instant) {
        if self.status() == Status::Starting {
            self.started_at = Some(at);
            self.started = Some(instant);
            self.status.send_replace(Status::Processing);
        }
    }

    /// Ends the job, unless it has ended; says whether it did.
    pub(in crate::sandbox) fn end(&mut self, status: Status, at: DateTime<Utc>, instant: Instant) -> bool {
        if self.status().is_terminal() {
            return false;
        }
        self.completed_at = Some(at);
        self.metrics.predict_time = self.started.map(|started| instant.saturating_duration_since(started));
        self.metrics.total_time = Some(instant.saturating_duration_since(self.created));
        self.cancelled.cancel();
        self.status.send_replace(status);
        true
    }

    /// Forgets what was given and what came out.
    pub(in crate::sandbox) fn remove_data(&mut self) -> Vec<String> {
        self.is_data_removed = true;
        self.input = Map::new();
        self.output = Value::Null;
        self.logs = String::new();
        std::mem::take(&mut self.files)
    }
}
