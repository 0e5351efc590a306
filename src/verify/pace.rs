//! How long predictions have taken, so that the end of the next one is looked for at the right time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::verify::predict::Side;

/// Run times of the version under test and of the live one.
#[derive(Debug, Default)]
pub(super) struct Pace {
    staged: Mutex<Option<Duration>>,
    live: Mutex<Option<Duration>>,
}

impl Pace {
    /// A prediction has come to its end.
    pub(super) fn note(&self, side: Side, run_time: Duration) {
        if let Some(known) = self.of(side).filter(|_| !run_time.is_zero()) {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            // The newest counts half: inputs come in kinds, one after the other.
            *known = Some(known.map_or(run_time, |known| (known + run_time) / 2));
        }
    }

    /// What the next one will take, going by those before.
    pub(super) fn typical(&self, side: Side) -> Option<Duration> {
        *self.of(side)?.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Trainings are long, and each is another one.
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
    fn each_version_has_its_own_pace() {
        let pace = Pace::default();
        assert_eq!(pace.typical(Side::Staged), None);
        for seconds in [4, 2, 0] {
            pace.note(Side::Staged, Duration::from_secs(seconds));
        }
        pace.note(Side::Trainer, Duration::from_secs(9));
        assert_eq!(pace.typical(Side::Staged), Some(Duration::from_secs(3)));
        assert_eq!((pace.typical(Side::Live), pace.typical(Side::Trainer)), (None, None));
    }
}
