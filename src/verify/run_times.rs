//! Typical run times of predictions, so that the client polls when the next one is about to finish.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::verify::side::Side;

/// Typical run times of predictions on the staged and the live version.
#[derive(Debug, Default)]
pub(super) struct RunTimes {
    staged: Mutex<Option<Duration>>,
    live: Mutex<Option<Duration>>,
}

impl RunTimes {
    /// Records the run time of a finished prediction.
    pub(super) fn record(&self, side: Side, run_time: Duration) {
        if let Some(known) = self.of(side).filter(|_| !run_time.is_zero()) {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            // The latest counts half, because cases with similar inputs follow each other.
            *known = Some(known.map_or(run_time, |known| (known + run_time) / 2));
        }
    }

    /// The expected run time of the next prediction.
    pub(super) fn typical(&self, side: Side) -> Option<Duration> {
        *self.of(side)?.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Trainings differ too much to predict their run time.
    fn of(&self, side: Side) -> Option<&Mutex<Option<Duration>>> {
        match side {
            Side::Staged => Some(&self.staged),
            Side::Live => Some(&self.live),
            Side::Trainer => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_own_run_times() {
        let run_times = RunTimes::default();
        assert_eq!(run_times.typical(Side::Staged), None);
        for seconds in [4, 2, 0] {
            run_times.record(Side::Staged, Duration::from_secs(seconds));
        }
        run_times.record(Side::Trainer, Duration::from_secs(9));
        assert_eq!(run_times.typical(Side::Staged), Some(Duration::from_secs(3)));
        assert_eq!((run_times.typical(Side::Live), run_times.typical(Side::Trainer)), (None, None));
    }
}
