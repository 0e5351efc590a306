//! What counts as a secret, the forms in which one appears, and its removal from text.
//!
//! - [`forms`]: the one table of encodings, used for hiding a secret and for proving that it is absent
//! - [`search`]: finds these forms in bytes, also across the chunks of a stream
//! - [`occurrences`]: where secrets are in a text, also interrupted by what a terminal does not show
//! - [`redactor`]: hides secrets in text and JSON; every outlet of the app takes what it returns
//! - [`stream`]: hides secrets in output that arrives piece by piece
//! - [`weakness`]: values that cannot be told from harmless text

mod forms;
mod occurrences;
mod redactor;
mod search;
mod stream;
mod weakness;

pub use redactor::{HIDDEN, Redacted, Redactor};
pub use search::{SecretScan, SecretSearch};
pub use stream::RedactedStream;
pub use weakness::{SHORTEST_SECRET, Weakness, weakness};
