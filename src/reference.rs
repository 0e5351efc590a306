//! What documentation and schemas are generated from. Rendering them is left to `crates/dev`.

use serde_json::Value;

use crate::cli;
use crate::config;
use crate::report;

pub use crate::config::settings::{Action, SETTINGS, Setting, ValueKind};
pub use crate::config::tokens::{TOKENS, Token};
pub use crate::report::documents::DocumentSchema;

/// The CLI with all of its commands.
pub fn command() -> clap::Command {
    cli::command()
}

/// The rules that findings refer to, as Markdown.
pub fn rules() -> String {
    cli::rules()
}

/// The schema of `.safe-push.yaml`.
pub fn repository_schema() -> Value {
    config::repository_schema()
}

/// The schema of a model's configuration.
pub fn model_schema() -> Value {
    config::model_schema()
}

/// An annotated example of a model's configuration.
pub fn model_example() -> &'static str {
    config::model_example()
}

/// An annotated example of `.safe-push.yaml`.
pub fn repository_example() -> String {
    config::repository_example()
}

/// What commands print with `--format json`, but for `run.json`.
pub fn documents() -> &'static [DocumentSchema] {
    report::documents::DOCUMENTS
}

/// The schema of `run.json`.
pub fn run_schema() -> Value {
    report::json::run_schema()
}
