//! The tables of inputs and outputs in `docs/action.md`.

use anyhow::{Context as _, Result};
use safe_push::reference::Action;
use serde_json::Value;

use crate::actions::inputs;
use crate::markdown::{code, table};
use crate::section::between;

/// An action, the name of its tables on the page, and its file.
pub(crate) type Described<'a> = (Action, &'static str, &'a str);

/// The page with its tables. The outputs are those that the actions' files declare.
pub(crate) fn with_tables(page: &str, actions: &[Described<'_>]) -> Result<String> {
    let mut page = page.to_owned();
    for (action, name, file) in actions {
        let file: Value = serde_saphyr::from_str(file)?;
        let outputs = file["outputs"].as_object().with_context(|| format!("{name} has no outputs"))?;
        let outputs =
            outputs.iter().map(|(name, output)| [code(Some(name)), output["description"].as_str().unwrap_or_default().to_owned()]);
        let inputs = inputs(*action).map(|input| [code(Some(input.name)), input.description]);
        page = part(&page, &format!("inputs of {name}"), &table(["input", "meaning"], inputs))?;
        page = part(&page, &format!("outputs of {name}"), &table(["output", "meaning"], outputs))?;
    }
    Ok(page)
}

fn part(page: &str, name: &str, table: &str) -> Result<String> {
    between(page, &format!("<!-- {name} -->"), &format!("<!-- /{name} -->"), &format!("\n\n{table}\n"))
}
