//! Small things every room may use: clock, seed, secrets and their removal from text, programs with a limit or kept apart, patterns of
//! paths, URLs that are safe to show, retries, temporary folders.
//!
//! No domain knowledge lives here, and nothing here uses another room.

pub mod clock;
pub mod path_patterns;
pub mod process;
pub mod retry;
pub mod safe_url;
pub mod seal;
pub mod secrets;
pub mod seed;
mod session;
pub mod temporary_folder;
pub mod untrusted;
pub mod waits;

pub use secrecy::{ExposeSecret, SecretString};
