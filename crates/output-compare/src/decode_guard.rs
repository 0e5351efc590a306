//! Turns panics in third-party decoders into errors.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use crate::DecodeError;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder and turns a panic into an error.
///
/// A model's output can hold anything, and decoders have panicked on an index or a shift before. A panic in one file must not end the run
/// of all other cases. The decoder's state is dropped after a panic.
pub(crate) fn guarded<T>(decode: impl FnOnce() -> Result<T, DecodeError>) -> Result<T, DecodeError> {
    silence_guarded_panics();
    let before = IS_GUARDED.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(decode));
    IS_GUARDED.set(before);
    outcome.unwrap_or_else(|_| Err(DecodeError::broken("the decoder crashed")))
}

/// Keeps the message of a caught panic off stderr, where it would look like a crash of the whole program.
fn silence_guarded_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_GUARDED.get() {
                previous(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_a_decoder_is_an_error() {
        let nothing: [u8; 0] = [];
        let found: Result<u8, DecodeError> = guarded(|| Ok(nothing[std::hint::black_box(3)]));
        assert_eq!(found, Err(DecodeError::broken("the decoder crashed")));
        assert_eq!(guarded(|| Ok(1)), Ok(1));
        assert!(!IS_GUARDED.get());
    }
}
