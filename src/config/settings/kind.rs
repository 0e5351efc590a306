//! Forms of values, and the actions that have inputs.

/// The form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On when its flag is present; `true` or `false` elsewhere.
    Switch,
    /// Any text.
    Text,
    /// A model, `OWNER/NAME`.
    Model,
    /// A whole number, not negative.
    Number,
    /// Texts: a repeated flag, a YAML list, or lines of a variable or input.
    List,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// One of the actions in this repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `action.yml`: test and publish.
    Push,
    /// `select-model/action.yml`: list the models of a workflow.
    Select,
    /// `report/action.yml`: finish a workflow.
    Report,
}
