//! How long a prediction or training may take, and how often it is polled.

use std::fmt;
use std::time::Duration;

use crate::domain::plan::Limits;
use crate::domain::prediction::Prediction;
use crate::support::clock::humane;

/// The two limits of a prediction or training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeLimit {
    /// From creation until it starts: queue, image pull, `setup()`.
    StartUp,
    /// From its start until it finishes.
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

/// A prediction or training that was canceled because it reached a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedOut {
    pub limit: TimeLimit,
    /// The length of the limit.
    pub allowed: Duration,
    /// Its last known state, logs included.
    pub prediction: Prediction,
    /// Whether the service confirmed that it was canceled.
    pub stopped: bool,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, allowed, prediction, stopped } = self;
        let what = match limit {
            TimeLimit::StartUp => "never started",
            TimeLimit::Run => "did not finish",
        };
        let page = prediction.web_url.as_deref().map(|url| format!(" ({url})")).unwrap_or_default();
        let end = if *stopped { "it was canceled" } else { "its cancellation was not confirmed" };
        write!(formatter, "{}{page} {what} within the {limit} of {}; {end}", prediction.id, humane(*allowed))
    }
}

/// The shortest wait between polls while a change is expected: right after the creation and around the expected end.
const SHORTEST_WHEN_EXPECTED: Duration = Duration::from_millis(10);

/// The longest wait until the expected end is near.
const MAX_WHEN_EXPECTED: Duration = Duration::from_secs(30);

/// How often a prediction is polled: after a part of the time it has spent in its phase, within bounds, and more often around its
/// expected end.
///
/// Polling is effectively free (59999 a minute: `docs/reference/replicate-api.md#rate-limits`), and noticing an end late adds to
/// the time of every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Polling {
    /// The shortest wait between polls.
    pub shortest: Duration,
    /// The longest wait while it is starting. A boot takes minutes.
    pub longest_starting: Duration,
    /// The longest wait while it is running.
    pub longest_running: Duration,
    /// How long earlier predictions took, if there were any.
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
            // A version that ran before starts at once. One early look notices what fails at once; then nothing is to be seen for a while.
            (TimeLimit::StartUp, Some(typical)) if age < typical / 10 => (typical / 10 - age, expected, self.longest_starting),
            // A warm version starts at once, and others may be waiting for it to start.
            (TimeLimit::StartUp, _) => (age / 5, expected, self.longest_starting),
            (TimeLimit::Run, Some(typical)) if age < typical * 9 / 10 => (typical * 9 / 10 - age, self.shortest, MAX_WHEN_EXPECTED),
            (TimeLimit::Run, Some(typical)) if age < typical * 2 => (typical / 50, expected, self.longest_running),
            (TimeLimit::Run, _) => (age / 20, self.shortest, self.longest_running),
        };
        wait.max(shortest).min(longest)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// From creation until it starts: queue, image pull, `setup()`.
    pub startup: Duration,
    /// From its start until it finishes.
    pub run: Duration,
    /// How often it is polled.
    pub polling: Polling,
}

impl RunLimits {
    /// The limits of predictions in a plan.
    pub fn of_prediction(limits: &Limits) -> Self {
        Self { startup: limits.startup, run: limits.predict, polling: Polling::default() }
    }

    /// These limits for a prediction that is expected to take `typical`.
    #[must_use]
    pub fn expecting(self, typical: Option<Duration>) -> Self {
        Self { polling: Polling { typical, ..self.polling }, ..self }
    }

    /// The limits of trainings in a plan.
    pub fn of_training(limits: &Limits) -> Self {
        Self { run: limits.train, ..Self::of_prediction(limits) }
    }

    /// After how long the service should cancel it by itself, in case this process is gone. Later than this process would cancel it. `None`
    /// if the sum overflows.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.startup.checked_add(self.run)?.checked_add(Duration::from_secs(60))
    }
}
