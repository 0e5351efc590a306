//! Files, variables, action inputs and flags become validated plans.
//!
//! Layers, later ones win: defaults, `.safe-push.yaml`, the model's configuration, `SAFE_PUSH_*`, inputs of the action, flags. An empty
//! value counts as absent. [`settings`] declares what can be set, [`load`] joins the layers into plans, and [`configured`] lists the
//! models. Nothing here reads the environment of the process or calls a service.

mod checks;
mod choices;
mod error;
mod example;
mod files;
mod folders;
mod git_folder;
mod input_value;
mod layers;
mod load;
mod loaded;
mod model_file;
mod model_keys;
mod model_roles;
mod names;
mod reader;
mod repository;
mod repository_file;
mod resolve;
pub mod rules;
mod schema;
pub mod settings;
mod sources;
mod test_case;
mod thresholds;
pub mod tokens;
mod unread_files;

pub use choices::{CommentMode, VerifyMode};
pub use error::ConfigError;
pub use example::{model_example, repository_example};
pub use load::{configured, load, new_model, run_settings, settings_as_far_as_possible};
pub use loaded::{Configured, ConfiguredModel, LoadedModel, LoadedModels, UnconfiguredModel};
pub use schema::{model_schema, repository_schema};
pub use sources::{Flags, ModelPaths, RunSettings, Sources};
pub use tokens::Tokens;

#[cfg(test)]
mod tests;
