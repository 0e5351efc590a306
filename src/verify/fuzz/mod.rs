//! Inputs made from the schema, and what to do with one that fails.
//!
//! - [`generate`](Generator): boundaries, every choice at least once, unicode, omissions; repeatable by seed, always valid against the schema
//! - [`shrink`](Shrinker): the smallest inputs that still fail, within a bound on predictions
//! - [`curl_command`]: a prediction as a command to paste
//!
//! Inputs invented by a language model can join later as another source of the same values.

mod candidates;
mod curl;
mod generate;
mod samples;
mod shrink;

pub use curl::{curl_command, training_command};
pub use generate::{Generator, Impossible};
pub use shrink::Shrinker;
