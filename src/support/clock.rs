//! The time, as a parameter.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// The source of time. [`SystemClock`] in production; tests may stop the wall clock.
pub trait Clock: Send + Sync {
    /// The wall clock's time.
    fn now(&self) -> DateTime<Utc>;

    /// A moment for measuring durations. Follows tokio's clock, so that paused time in tests is obeyed.
    fn instant(&self) -> Instant {
        Instant::now()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A duration for people: `0.4 s`, `12 s`, `3 min 5 s`.
pub fn readable_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let cases = [(400, "0.4 s"), (12_300, "12 s"), (185_000, "3 min 5 s"), (7_260_000, "2 h 1 min")];
        for (millis, text) in cases {
            assert_eq!(readable_duration(Duration::from_millis(millis)), text);
        }
    }
}
