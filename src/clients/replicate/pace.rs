//! How long predictions of a version take, shared by those in flight, so that each is polled when it is about to finish.
//!
//! Until that is known, they are polled in turns. They started at about the same time, so what the first one shows is in time for the
//! others. Sixteen predictions that are all polled often are hundreds of requests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::support::locks::lock;

/// The shortest time between the expected end and the first poll after it.
const SHORTEST_MARGIN: Duration = Duration::from_millis(5);

/// Shorter predictions are polled at their end alone.
const LONG_ENOUGH_FOR_AN_EARLY_LOOK: Duration = Duration::from_secs(2);

/// The longest wait for a turn.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The run time to expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Typical {
    pub(super) time: Duration,
    /// How far run times are from it on average.
    spread: Duration,
    /// Whether it was taken from another version, and none of this one has finished.
    is_guess: bool,
}

impl Typical {
    /// The age at which a poll should be sent, so that it arrives right after the end. A poll that arrives too early costs a round trip, so
    /// the longer that takes, the later it should arrive.
    pub(super) fn first_look(&self, round_trip: Duration) -> Duration {
        let margin = SHORTEST_MARGIN.max(self.time / 200).max(self.spread.min(round_trip / 5));
        let early = (self.spread * 2).saturating_sub(round_trip);
        (self.time + margin).saturating_sub(early).saturating_sub(round_trip)
    }

    /// The age at which a poll notices what fails at once. Zero where the end is near anyway.
    pub(super) fn early_look(&self) -> Duration {
        if self.time < LONG_ENOUGH_FOR_AN_EARLY_LOOK { Duration::ZERO } else { self.time / 10 }
    }

    /// The wait between polls around the end.
    pub(super) fn step(&self) -> Duration {
        (self.time / 50).max(self.spread)
    }
}

/// The polls of a model's predictions.
#[derive(Debug, Default)]
struct Polls {
    /// The latest turn that was given to a prediction.
    last_turn: Option<Instant>,
    /// How long a poll and its response take: the shortest time that was seen, because others include work of the service.
    round_trip: Option<Duration>,
}

/// The pace of one version's predictions.
#[derive(Debug, Default)]
pub struct Pace {
    typical: watch::Sender<Option<Typical>>,
    polls: Arc<Mutex<Polls>>,
}

impl Pace {
    /// The pace of another version of the model. Their predictions take turns, because the run time of one is a guess for the other.
    pub fn of_another_version(&self) -> Self {
        Self { polls: Arc::clone(&self.polls), ..Self::default() }
    }

    /// Records the run time of a finished prediction.
    pub fn record(&self, run_time: Duration) {
        let next = match self.typical().filter(|known| !known.is_guess) {
            None => Typical { time: run_time, spread: run_time / 100, is_guess: false },
            // The latest counts half, because cases with similar inputs follow each other.
            Some(known) => Typical {
                time: (known.time + run_time) / 2,
                spread: (known.spread + known.time.abs_diff(run_time)) / 2,
                is_guess: false,
            },
        };
        self.typical.send_replace(Some(next));
    }

    /// Takes a run time of another version of the model for a guess, as long as nothing is known.
    pub fn guess(&self, run_time: Duration) {
        self.typical.send_if_modified(|typical| {
            let is_unknown = typical.is_none();
            if is_unknown {
                *typical = Some(Typical { time: run_time, spread: run_time / 10, is_guess: true });
            }
            is_unknown
        });
    }

    /// The run time to expect of the next prediction.
    pub(super) fn typical(&self) -> Option<Typical> {
        *self.typical.borrow()
    }

    /// Waits until the run time is known.
    pub(super) async fn learned(&self) {
        // The sender is ours, so the wait only ends when it is known.
        let mut known = self.typical.subscribe();
        let _is_known = known.wait_for(Option::is_some).await;
    }

    /// The wait of a prediction until its turn: its own `wait` while it is alone, or else that much after the others that wait, and at
    /// least `shortest`.
    pub(super) fn turn(&self, wait: Duration, shortest: Duration) -> Duration {
        let now = Instant::now();
        let last = &mut lock(&self.polls).last_turn;
        let behind = last.filter(|last| *last > now).map(|last| last - now + wait.max(shortest));
        let wait = wait.max(behind.unwrap_or_default()).min(LONGEST_WAIT);
        *last = Some(now + wait);
        wait
    }

    /// Records how long a poll and its response took.
    pub(super) fn record_round_trip(&self, took: Duration) {
        let known = &mut lock(&self.polls).round_trip;
        *known = Some(known.map_or(took, |known| known.min(took)));
    }

    /// How long a poll and its response take. Zero before the first.
    pub(super) fn round_trip(&self) -> Duration {
        lock(&self.polls).round_trip.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_gives_way_to_what_is_known() {
        let pace = Pace::default();
        pace.guess(Duration::from_secs(8));
        assert_eq!(pace.typical().unwrap().time, Duration::from_secs(8));
        pace.record(Duration::from_secs(4));
        pace.guess(Duration::from_secs(8));
        assert_eq!(pace.typical().unwrap().time, Duration::from_secs(4));
        pace.record(Duration::from_secs(2));
        assert_eq!(pace.typical().unwrap().time, Duration::from_secs(3));
    }

    #[test]
    fn a_poll_arrives_right_after_the_expected_end() {
        let pace = Pace::default();
        for _ in 0..20 {
            pace.record(Duration::from_secs(1));
        }
        let typical = pace.typical().unwrap();
        let (near, far) = (typical.first_look(Duration::ZERO), typical.first_look(Duration::from_millis(100)));
        assert!((1.004..1.006).contains(&near.as_secs_f64()) && (0.904..0.906).contains(&far.as_secs_f64()), "{near:?} {far:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn predictions_wait_for_each_other_and_one_alone_does_not() {
        let pace = Pace::default();
        let turn = |wait| pace.turn(Duration::from_millis(wait), Duration::from_millis(50)).as_millis();
        assert_eq!([turn(10), turn(10), turn(200), turn(10)], [10, 60, 260, 310]);
        tokio::time::advance(Duration::from_millis(310)).await;
        assert_eq!(turn(10), 10);
        tokio::time::advance(Duration::from_millis(10)).await;
        assert_eq!([turn(4_900), turn(4_900), turn(4_900)], [4_900, 5_000, 5_000]);
    }
}
