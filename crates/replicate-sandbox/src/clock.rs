//! The sandbox's wall clock, which follows tokio's clock so that paused time in tests moves it too.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tokio::time::Instant;

/// The time since the start, on top of the wall clock's time at the start.
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

    /// For a `Date` header.
    pub(super) fn http_date(&self) -> String {
        self.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}

/// As the API writes it.
pub(super) fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
