//! How long a prediction or training may take, and how often it is polled.

use std::fmt;
use std::time::Duration;

use crate::domain::plan::Limits;
use crate::domain::prediction::Prediction;
use crate::support::clock::humane;

/// The two limits of a prediction or training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeLimit {
    /// From creation until it began: queue, image pull, `setup()`.
    StartUp,
    /// From its beginning to its end.
    Run,
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::StartUp => "start-up limit",
            Self::Run => "run limit",
        })
    }
}

/// A prediction or training that was stopped because a limit was reached.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedOut {
    /// Which limit.
    pub limit: TimeLimit,
    /// How long it was.
    pub allowed: Duration,
    /// How it stood when the limit was reached, logs included.
    pub prediction: Prediction,
    /// Whether the service confirmed that it no longer runs.
    pub stopped: bool,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, allowed, prediction, stopped } = self;
        let what = match limit {
            TimeLimit::StartUp => "never started",
            TimeLimit::Run => "did not end",
        };
        let page = prediction.web_url.as_deref().map(|url| format!(" ({url})")).unwrap_or_default();
        let end = if *stopped { "it was cancelled" } else { "cancelling it was not confirmed" };
        write!(formatter, "{}{page} {what} within the {limit} of {}; {end}", prediction.id, humane(*allowed))
    }
}

/// The shortest time between two looks when something is expected to happen: right after the creation, and when the end is near.
const SHORTEST_WHEN_EXPECTED: Duration = Duration::from_millis(10);

/// How often a prediction is polled: after a part of the time it has spent in its phase, within bounds, and more often around its
/// expected end.
///
/// Polling is effectively free (59999 a minute: `docs/reference/replicate-api.md#rate-limits`), and noticing an end late adds to the
/// time of every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Polling {
    /// The shortest time between two looks.
    pub shortest: Duration,
    /// The longest while it is starting. A boot takes minutes.
    pub longest_starting: Duration,
    /// The longest while it is running.
    pub longest_running: Duration,
    /// What predictions before it took, when there were any.
    pub typical: Option<Duration>,
}

impl Default for Polling {
    fn default() -> Self {
        Self {
            shortest: Duration::from_millis(50),
            longest_starting: Duration::from_secs(1),
            longest_running: Duration::from_millis(250),
            typical: None,
        }
    }
}

impl Polling {
    pub(super) fn wait(&self, phase: TimeLimit, age: Duration) -> Duration {
        let expected = SHORTEST_WHEN_EXPECTED;
        let (wait, shortest, longest) = match (phase, self.typical) {
            // A version that is warm begins at once, and others may wait to see it begin.
            (TimeLimit::StartUp, _) => (age / 5, expected, self.longest_starting),
            (TimeLimit::Run, Some(typical)) if age < typical * 9 / 10 => {
                (typical * 9 / 10 - age, self.shortest, self.longest_running)
            }
            (TimeLimit::Run, Some(typical)) if age < typical * 2 => (typical / 50, expected, self.longest_running),
            (TimeLimit::Run, _) => (age / 20, self.shortest, self.longest_running),
        };
        wait.max(shortest).min(longest)
    }
}

/// The limits of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// From creation until it began: queue, image pull, `setup()`.
    pub startup: Duration,
    /// From its beginning to its end.
    pub run: Duration,
    /// How often it is looked at.
    pub polling: Polling,
}

impl RunLimits {
    /// The limits of a plan's predictions.
    pub fn of_prediction(limits: &Limits) -> Self {
        Self { startup: limits.startup, run: limits.predict, polling: Polling::default() }
    }

    /// The same for a prediction that is expected to take so long.
    #[must_use]
    pub fn expecting(self, typical: Option<Duration>) -> Self {
        Self { polling: Polling { typical, ..self.polling }, ..self }
    }

    /// The limits of a plan's trainings.
    pub fn of_training(limits: &Limits) -> Self {
        Self { run: limits.train, ..Self::of_prediction(limits) }
    }

    /// When the service should stop it by itself, should we be gone: later than we would. `None` when that is no time at all.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.startup.checked_add(self.run)?.checked_add(Duration::from_secs(60))
    }
}
