//! A rejected value.

use serde::Serialize;

/// A value that breaks a rule of the schema, as an entry of `invalid_fields`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct InvalidField {
    /// The rule: `required`, `number_lte`, `enum`, …
    #[serde(rename = "type")]
    pub(crate) rule: &'static str,
    /// The path of the value, such as `input.steps`. For a missing member, that of the object.
    pub(crate) field: String,
    /// The message.
    pub(crate) description: String,
}
