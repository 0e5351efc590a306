//! Fuzz inputs: generating them from the schema, and shrinking those that fail. Pure: running the predictions is left to the room.
//!
//! - [`Generator`]: boundaries, every choice at least once, Unicode, omissions; reproducible from a seed, always valid against the schema
//! - [`Shrinker`]: minimal inputs that still fail, within a limit on predictions
//! - [`curl_command`], [`training_command`]: shell commands that reproduce a failure

mod candidates;
mod curl;
mod generate;
mod samples;
mod shrink;

pub(super) use curl::{curl_command, training_command};
pub(super) use generate::{Generator, UnfillableInput};
pub(super) use shrink::Shrinker;
