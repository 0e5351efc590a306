//! Files, variables, action inputs and flags become validated plans.
//!
//! Layers, later ones win: built-in defaults, `.safe-push.yaml`, the model's own configuration, `SAFE_PUSH_*`, action inputs, flags. Empty is
//! absent. [`settings`] is the one table of what can be set; [`peer`] reads the configuration of `cog-safe-push` as it is, strictly;
//! [`load`] joins them. Nothing here reads the process's environment or calls a service.

mod error;
mod input_value;
mod layers;
mod load;
pub mod peer;
mod reader;
mod repository;
mod resolve;
pub mod rules;
pub mod settings;

pub use error::ConfigError;
pub use load::{Flags, Loaded, LoadedModel, RunSettings, Sources, Tokens, load, run_settings};
pub use peer::example as example_configuration;
