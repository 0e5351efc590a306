//! The memory of decoded images, shared by all comparisons of the process.
//!
//! Each comparison takes what it needs at once, both images together, and waits while others hold too much. Nobody takes a second part
//! while holding a first, so nobody waits for itself.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The memory that decoded images may take. A file of a few kilobytes can ask for hundreds of gigabytes.
pub(crate) const DECODED_BYTES: u64 = 512 * 1024 * 1024;

/// What all decoders of this process share.
pub(crate) static BUDGET: DecodeBudget = DecodeBudget::new(DECODED_BYTES);

/// Bytes that several threads share.
#[derive(Debug)]
pub(crate) struct DecodeBudget {
    capacity: u64,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    taken: u64,
    /// The most that was taken at one time.
    high_water: u64,
}

/// A part of the budget, returned when dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Share<'a> {
    budget: &'a DecodeBudget,
    bytes: u64,
}

impl DecodeBudget {
    pub(crate) const fn new(capacity: u64) -> Self {
        Self { capacity, state: Mutex::new(State { taken: 0, high_water: 0 }), returned: Condvar::new() }
    }

    /// Takes a part of the budget, and waits until it is free. Whoever wants more than there is gets all of it: the limits of decoders
    /// refuse such an image.
    pub(crate) fn take(&self, bytes: u64) -> Share<'_> {
        let bytes = bytes.min(self.capacity);
        let mut state = self.lock();
        while state.taken + bytes > self.capacity {
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.taken += bytes;
        state.high_water = state.high_water.max(state.taken);
        drop(state);
        Share { budget: self, bytes }
    }

    #[cfg(test)]
    pub(crate) fn high_water(&self) -> u64 {
        self.lock().high_water
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.budget.lock().taken -= self.bytes;
        self.budget.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::pairs::images::{encoded, scene};
    use crate::{MediaFile, Tolerance, compare, examine, image_facts, thumbnail};

    #[test]
    fn no_more_is_taken_than_there_is() {
        let budget = DecodeBudget::new(100);
        thread::scope(|scope| {
            for bytes in [60, 70, 40, 30, 1000, 100, 5] {
                let budget = &budget;
                scope.spawn(move || {
                    for _ in 0..200 {
                        let share = budget.take(bytes);
                        assert!(budget.lock().taken <= 100);
                        thread::yield_now();
                        drop(share);
                    }
                });
            }
        });
        assert_eq!((budget.high_water(), budget.lock().taken), (100, 0));
    }

    #[test]
    fn several_pairs_at_once_keep_to_the_budget() {
        let picture = image::imageops::resize(&scene(), 800, 600, image::imageops::FilterType::Nearest);
        let pair_bytes = 2 * u64::from(picture.width()) * u64::from(picture.height()) * 3;
        let bytes = encoded(picture, image::ImageFormat::Png);
        // Room for one pair and a half.
        let held = DECODED_BYTES - pair_bytes * 3 / 2;
        let elsewhere = BUDGET.take(held);
        thread::scope(|scope| {
            for number in 0..6 {
                let bytes = &bytes;
                scope.spawn(move || {
                    let mut other = bytes.clone();
                    // Bytes behind the end: another file of the same pixels.
                    other.push(number);
                    let (one, two) = (MediaFile::named("a.png", bytes), MediaFile::named("b.png", &other));
                    assert!(compare(&one, &two, &Tolerance::default()).same);
                    assert!(image_facts(&one).is_ok() && thumbnail(&one).is_some() && examine(&two).defects.is_empty());
                });
            }
        });
        drop(elsewhere);
        let high_water = BUDGET.high_water();
        assert!(high_water >= held + pair_bytes, "a comparison took nothing: {high_water}");
        assert!(high_water <= DECODED_BYTES, "{high_water}");
    }
}
