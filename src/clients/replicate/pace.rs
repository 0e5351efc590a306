//! How long predictions of a version take, shared by those in flight, so that each is polled when it is about to finish.
//!
//! Until that is known, one prediction scouts: it is polled often, and the others hardly at all. They started at about the same time, so
//! what it learns is in time for them. Sixteen predictions that are all polled often are hundreds of requests.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The shortest time between the expected end and the first poll after it.
const SHORTEST_MARGIN: Duration = Duration::from_millis(10);

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
    /// The age at which a poll should be sent, so that it arrives right after an end that is a little early.
    pub(super) fn first_look(&self, round_trip: Duration) -> Duration {
        let margin = SHORTEST_MARGIN.max(self.time / 100).max(round_trip / 10);
        (self.time + margin).saturating_sub(self.spread * 2).saturating_sub(round_trip)
    }

    /// The wait between polls around the end.
    pub(super) fn step(&self) -> Duration {
        (self.time / 50).max(self.spread / 2)
    }
}

/// The pace of one version's predictions.
#[derive(Debug)]
pub struct Pace {
    typical: watch::Sender<Option<Typical>>,
    scout: Arc<Semaphore>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { typical: watch::Sender::new(None), scout: Arc::new(Semaphore::new(1)) }
    }
}

impl Pace {
    /// Records the run time of a finished prediction.
    pub fn record(&self, run_time: Duration) {
        let next = match self.typical().filter(|known| !known.is_guess) {
            None => Typical { time: run_time, spread: run_time / 50, is_guess: false },
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

    /// The task to find out. `None` while another prediction has it.
    pub(super) fn scout(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.scout).try_acquire_owned().ok()
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
        assert!((1.009..1.011).contains(&near.as_secs_f64()) && (0.909..0.911).contains(&far.as_secs_f64()), "{near:?} {far:?}");
    }

    #[test]
    fn one_prediction_scouts_at_a_time() {
        let pace = Pace::default();
        let scout = pace.scout();
        assert!(scout.is_some() && pace.scout().is_none());
        drop(scout);
        assert!(pace.scout().is_some());
    }
}
