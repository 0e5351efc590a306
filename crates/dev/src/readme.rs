//! The README's tables of inputs and outputs.

use anyhow::{Context as _, Result};
use safe_push::reference::Action;
use serde_json::Value;

use crate::actions::inputs;
use crate::markdown::{code, table};
use crate::section::between;

/// The README with its tables. The outputs are those that the action's file declares.
pub(crate) fn with_tables(readme: &str, action: &str) -> Result<String> {
    let action: Value = serde_saphyr::from_str(action)?;
    let outputs = action["outputs"].as_object().context("the action has no outputs")?;
    let outputs =
        outputs.iter().map(|(name, output)| [code(Some(name)), output["description"].as_str().unwrap_or_default().to_owned()]);
    let inputs = inputs(Action::Push).map(|input| [code(Some(input.name)), input.description]);
    let readme = part(readme, "inputs", &table(["name", "meaning"], inputs))?;
    part(&readme, "outputs", &table(["name", "meaning"], outputs))
}

fn part(readme: &str, name: &str, table: &str) -> Result<String> {
    between(readme, &format!("<!-- {name} -->"), &format!("<!-- /{name} -->"), &format!("\n\n{table}\n"))
}
