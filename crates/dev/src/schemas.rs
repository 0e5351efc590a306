//! The JSON Schemas in `schemas/`.

use anyhow::Result;
use safe_push::reference::{model_schema, repository_schema, run_schema};
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

fn pretty(schema: &Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(schema)? + "\n")
}
