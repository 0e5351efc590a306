//! The inputs and secrets of the reusable workflow.

use anyhow::Result;
use safe_push::reference::{Action, SETTINGS, Setting, TOKENS, ValueKind};

use crate::actions::{description, quoted};
use crate::section::below;

/// The workflow's file with its inputs and secrets.
pub(crate) fn with_inputs(text: &str) -> Result<String> {
    let inputs: String = SETTINGS.iter().filter(|setting| setting.inputs.contains(&Action::Workflow)).map(input).collect();
    let secrets = TOKENS.iter().filter(|token| token.inputs.contains(&Action::Workflow));
    let secrets = secrets
        .map(|token| format!("      {}:\n        description: {}\n        required: false\n", token.variable, quoted(token.help)));
    below(&below(text, "    inputs:", &inputs)?, "    secrets:", &secrets.collect::<String>())
}

fn input(setting: &Setting) -> String {
    let (form, default) = match setting.kind {
        ValueKind::Switch => ("boolean", "false"),
        ValueKind::Text | ValueKind::Model | ValueKind::Number | ValueKind::List | ValueKind::Choice(_) => ("string", "\"\""),
    };
    format!(
        "      {}:\n        description: {}\n        type: {form}\n        required: false\n        default: {default}\n",
        setting.name,
        quoted(&description(setting))
    )
}
