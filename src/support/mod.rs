//! Small things that every room may use: clock, seed, secrets and their removal from text, programs with limits or in isolation, patterns
//! of paths, URLs that are safe to show, retries, temporary folders.
//!
//! This room has no domain knowledge and uses no other room.

pub mod causes;
pub mod clock;
pub(crate) mod locks;
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
pub mod visible_text;
pub mod waits;

pub use secrecy::{ExposeSecret, SecretString};
