//! Fuzz inputs: generating them from the schema, and shrinking those that fail. Pure: running the predictions is left to the room.
//!
//! - [`Generator`]: boundaries, every choice at least once, Unicode, omissions; reproducible from a seed, always valid against the schema
//! - [`Shrinker`]: minimal inputs that still fail, within a limit on predictions
//! - [`curl_command`], [`training_command`]: shell commands that reproduce a failure

mod candidates;
mod curl;
mod generate;
#[cfg(test)]
mod generate_table;
mod identity;
mod sample_image;
mod sample_kind;
mod sample_video;
mod samples;
mod shrink;

pub(super) use candidates::takes_files;
pub(super) use curl::{curl_command, server_command, training_command};
pub(super) use generate::{Generator, UnfillableInput};
pub(super) use identity::Identity;
pub(super) use shrink::Shrinker;
