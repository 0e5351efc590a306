//! Errors as one line.

use std::error::Error;

/// An error and its causes, outermost first, without causes that only repeat the text before them: `failed to write: disk is full`.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let message = cause.to_string();
        if !text.ends_with(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        source = cause.source();
    }
    text
}
