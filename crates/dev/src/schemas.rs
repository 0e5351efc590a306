//! The JSON Schemas in `schemas/`.

use anyhow::Result;
use safe_push::reference::{DocumentSchema, model_schema, repository_schema, run_schema};
use serde_json::Value;

/// The schema of `.safe-push.yaml`.
pub(crate) fn repository() -> Result<String> {
    pretty(&repository_schema())
}

/// The schema of `cog-safe-push.yaml`.
pub(crate) fn model() -> Result<String> {
    pretty(&model_schema())
}

/// The schema of `run.json`.
pub(crate) fn run() -> Result<String> {
    pretty(&run_schema())
}

/// The schema of what a command prints with `--format json`.
pub(crate) fn document(document: &DocumentSchema) -> Result<String> {
    pretty(&document.schema())
}

fn pretty(schema: &Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(schema)? + "\n")
}
