//! Run times of predictions on both versions, so that the client polls when the next one is about to finish.

use std::sync::Arc;
use std::time::Duration;

use crate::clients::replicate::Pace;
use crate::verify::side::Side;

/// The pace of predictions on the staged and the live version.
#[derive(Debug)]
pub(super) struct RunTimes {
    staged: Arc<Pace>,
    live: Arc<Pace>,
}

impl Default for RunTimes {
    fn default() -> Self {
        let staged = Pace::default();
        Self { live: Arc::new(staged.of_another_version()), staged: Arc::new(staged) }
    }
}

impl RunTimes {
    /// Records the run time of a finished prediction.
    pub(super) fn record(&self, side: Side, run_time: Duration) {
        let (own, other) = match side {
            Side::Staged => (&self.staged, &self.live),
            Side::Live => (&self.live, &self.staged),
            Side::Trainer => return,
        };
        if !run_time.is_zero() {
            own.record(run_time);
            other.guess(run_time);
        }
    }

    /// The pace of a version. Trainings differ too much to have one.
    pub(super) fn pace(&self, side: Side) -> Option<Arc<Pace>> {
        match side {
            Side::Staged => Some(Arc::clone(&self.staged)),
            Side::Live => Some(Arc::clone(&self.live)),
            Side::Trainer => None,
        }
    }
}
