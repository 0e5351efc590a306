//! Files, variables, action inputs and flags become validated plans.
//!
//! Layers, later ones win: built-in defaults, `.safe-push.yaml`, the model's own configuration, `SAFE_PUSH_*`, action inputs, flags. Empty is
//! absent. [`settings`] is the one table of what can be set; [`peer`] reads the configuration of `cog-safe-push` as it is, strictly;
//! [`load`] joins them, and [`configured`] tells which models there are. Nothing here reads the process's environment or calls a service.

mod error;
mod example;
mod files;
mod input_value;
mod layers;
mod load;
mod names;
pub mod peer;
mod place;
mod reader;
mod repository;
mod resolve;
pub mod rules;
pub mod settings;
mod sources;

pub use error::ConfigError;
pub use example::{model_example, repository_example};
pub use load::{Configured, ConfiguredModel, Loaded, LoadedModel, configured, load, run_settings};
pub use sources::{CommentMode, Flags, ModelPaths, RunSettings, Sources, Tokens, Trigger};

#[cfg(test)]
mod tests;
