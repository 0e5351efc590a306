//! The sandbox's wall clock. It follows tokio's clock, so that time paused in a test also pauses here.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tokio::time::Instant;

/// The wall clock at the start, plus tokio's time since then.
pub(super) struct Clock {
    wall: DateTime<Utc>,
    start: Instant,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place of the sandbox that reads the wall clock")]
    pub(super) fn new() -> Self {
        Self { wall: Utc::now(), start: Instant::now() }
    }

    pub(super) fn instant(&self) -> Instant {
        Instant::now()
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        let passed = self.instant().saturating_duration_since(self.start);
        TimeDelta::from_std(passed).ok().and_then(|passed| self.wall.checked_add_signed(passed)).unwrap_or(self.wall)
    }

    /// For the `Date` header.
    pub(super) fn http_date(&self) -> String {
        self.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}

/// The format of the API.
pub(super) fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
