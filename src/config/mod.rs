//! Files, variables, action inputs and flags become validated plans.
//!
//! Layers, later ones win: built-in defaults, `.safe-push.yaml`, the model's own configuration, `SAFE_PUSH_*`, action inputs, flags. Empty is
//! absent. [`settings`] is the one table of what can be set; [`peer`] reads the configuration of `cog-safe-push` as it is, strictly;
//! [`load`] joins them, and [`configured`] tells which models there are. Nothing here reads the process's environment or calls a service.

mod choices;
mod error;
mod example;
mod files;
mod input_value;
mod layers;
mod load;
mod loaded;
mod names;
pub mod peer;
mod reader;
mod repository;
mod repository_file;
mod resolve;
pub mod rules;
pub mod settings;
mod sources;
pub mod tokens;

pub use choices::{CommentMode, Trigger};
pub use error::ConfigError;
pub use example::{model_example, repository_example};
pub use load::{configured, load, run_settings};
pub use loaded::{Configured, ConfiguredModel, Loaded, LoadedModel};
pub use sources::{Flags, ModelPaths, RunSettings, Sources};
pub use tokens::Tokens;

#[cfg(test)]
mod tests;
