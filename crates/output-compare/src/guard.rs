//! A net under other people's decoders.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder and turns a panic into an error.
///
/// Outputs are made by models and anything may be in them. Decoders of a dozen formats have come to rest on an index or a shift more than
/// once, and a run that dies of a picture tells nothing about the other cases. Nothing of the decoder is used after it crashed.
pub(super) fn guarded<T>(decode: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    keep_quiet();
    let before = IS_GUARDED.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(decode));
    IS_GUARDED.set(before);
    outcome.unwrap_or_else(|_| Err("the decoder crashed".to_owned()))
}

/// Keeps the message of a panic that is caught off the error stream, where somebody would take it for a crash of the program.
fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_GUARDED.get() {
                usual(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_panics_is_an_error() {
        let nothing: [u8; 0] = [];
        let found: Result<u8, String> = guarded(|| Ok(nothing[std::hint::black_box(3)]));
        assert_eq!(found, Err("the decoder crashed".to_owned()));
        assert_eq!(guarded(|| Ok(1)), Ok(1));
        assert!(!IS_GUARDED.get());
    }
}
