//! How long a prediction or training may take, and how often it is polled.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clients::replicate::pace::{Pace, Typical};
use crate::domain::plan::Limits;
use crate::domain::prediction::Prediction;
use crate::support::clock::readable_duration;

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
        write!(formatter, "{}{page} {what} within the {limit} of {}; {end}", prediction.id, readable_duration(*allowed))
    }
}

/// The shortest wait between polls while a change is expected: right after the creation and around the expected end.
const SHORTEST_WHEN_EXPECTED: Duration = Duration::from_millis(10);

/// The longest wait until the expected end is near.
const MAX_WHEN_EXPECTED: Duration = Duration::from_secs(30);

/// How often a prediction is polled: after a part of the time it has spent in its phase, within bounds, and more often around its
/// expected end.
///
/// Noticing an end late adds to the time of every case. Polling is cheap (59999 a minute: `docs/reference/replicate-api.md#rate-limits`),
/// but many jobs share an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Polling {
    /// The shortest wait between polls.
    pub shortest: Duration,
    /// The longest wait while it is starting. A boot takes minutes.
    pub longest_starting: Duration,
    /// The longest wait while it is running.
    pub longest_running: Duration,
    /// Whether others wait for it to start, because it boots the version.
    pub boots: bool,
}

impl Default for Polling {
    fn default() -> Self {
        Self {
            shortest: Duration::from_millis(50),
            longest_starting: Duration::from_secs(1),
            longest_running: Duration::from_millis(250),
            boots: false,
        }
    }
}

/// What is known about the end of a prediction.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outlook {
    Unknown,
    Expected {
        typical: Typical,
        /// How long a poll and its response take.
        round_trip: Duration,
        /// Whether another prediction has just measured it.
        is_news: bool,
    },
}

impl Polling {
    /// The wait before the next poll.
    pub(super) fn wait(&self, phase: TimeLimit, age: Duration, outlook: Outlook, was_polled: bool) -> Duration {
        let expected = SHORTEST_WHEN_EXPECTED;
        let starting = (age / 5, expected, self.longest_starting);
        let running = (age / 20, self.shortest, self.longest_running);
        let (wait, shortest, longest) = match (phase, outlook) {
            // A warm version runs at once, and others wait for the result.
            (TimeLimit::StartUp, _) if self.boots && !was_polled => (Duration::ZERO, Duration::ZERO, Duration::ZERO),
            (TimeLimit::StartUp, _) if self.boots => starting,
            (_, Outlook::Expected { typical, round_trip, is_news }) => {
                // A version that ran before starts at once. Where much time can be saved, one early look notices what fails at once.
                let early = typical.early_look().min(self.longest_starting);
                let first = typical.first_look(round_trip);
                match phase {
                    TimeLimit::StartUp if age < early => (early - age, expected, self.longest_starting),
                    _ if age < first => (first - age, expected, MAX_WHEN_EXPECTED),
                    _ if is_news => (expected, expected, expected),
                    _ if age < typical.time * 2 => (typical.step(), expected, self.longest_running),
                    TimeLimit::StartUp => starting,
                    TimeLimit::Run => running,
                }
            }
            // A warm version starts at once, and others may be waiting for it to start.
            (TimeLimit::StartUp, Outlook::Unknown) => starting,
            (TimeLimit::Run, Outlook::Unknown) => running,
        };
        wait.max(shortest).min(longest)
    }
}

#[derive(Debug, Clone)]
pub struct RunLimits {
    /// From creation until it starts: queue, image pull, `setup()`.
    pub startup: Duration,
    /// From its start until it finishes.
    pub run: Duration,
    /// How often it is polled.
    pub polling: Polling,
    /// What is known of other predictions on the version; `None` for one that is watched on its own.
    pub pace: Option<Arc<Pace>>,
}

impl RunLimits {
    /// The limits of predictions in a plan.
    pub fn of_prediction(limits: &Limits) -> Self {
        Self { startup: limits.startup, run: limits.predict, polling: Polling::default(), pace: None }
    }

    /// These limits for a prediction at the pace of others.
    #[must_use]
    pub fn at_pace(self, pace: Option<Arc<Pace>>) -> Self {
        Self { pace, ..self }
    }

    /// These limits for a prediction that others wait for, if it `boots` the version.
    #[must_use]
    pub fn booting(self, boots: bool) -> Self {
        Self { polling: Polling { boots, ..self.polling }, ..self }
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
