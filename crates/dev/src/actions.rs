//! The inputs of the actions.

use anyhow::Result;
use safe_push::reference::{Action, SETTINGS, Setting, TOKENS, Token, ValueKind};
use serde_json::Value;

use crate::section::below;

pub(crate) struct Input {
    pub(crate) name: &'static str,
    pub(crate) description: String,
    default: Option<&'static str>,
}

/// The inputs of an action, in the order of the settings.
pub(crate) fn inputs(action: Action) -> impl Iterator<Item = Input> {
    let settings = SETTINGS.iter().filter(move |setting| setting.inputs.contains(&action)).map(Input::of_setting);
    let tokens = TOKENS.iter().filter(move |token| token.inputs.contains(&action)).map(Input::of_token);
    settings.chain(tokens)
}

impl Input {
    fn of_setting(setting: &'static Setting) -> Self {
        Self { name: setting.name, description: description(setting), default: setting.default_input }
    }

    fn of_token(token: &'static Token) -> Self {
        Self { name: token.input, description: token.help.to_owned(), default: token.default_input }
    }
}

/// The help, with the choices and the default.
pub(crate) fn description(setting: &Setting) -> String {
    let choices = match setting.kind {
        ValueKind::List => Some("one per line".to_owned()),
        _ => unsaid_choices(setting).map(|names| names.join(", ")),
    };
    let default = setting.default_text().map(|default| format!("default: {default}"));
    let notes: Vec<String> = choices.into_iter().chain(default).collect();
    match notes.is_empty() {
        true => setting.help.to_owned(),
        false => format!("{} ({})", setting.help, notes.join("; ")),
    }
}

/// The choices, unless the help text names them.
pub(crate) fn unsaid_choices(setting: &Setting) -> Option<&'static [&'static str]> {
    match setting.kind {
        ValueKind::Choice(names) if names.iter().all(|name| setting.help.contains(&format!("`{name}`"))) => None,
        ValueKind::Choice(names) => Some(names),
        ValueKind::Switch | ValueKind::Text | ValueKind::Model | ValueKind::Number | ValueKind::List => None,
    }
}

/// An action's file with its inputs.
pub(crate) fn with_inputs(text: &str, action: Action) -> Result<String> {
    let inputs = inputs(action).map(|Input { name, description, default }| {
        let default = default.map(|default| format!("    default: {default}\n")).unwrap_or_default();
        format!("  {name}:\n    description: {}\n    required: false\n{default}", quoted(&description))
    });
    below(text, "inputs:", &inputs.collect::<String>())
}

/// A text as a YAML string. JSON's quoting is valid YAML.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
