//! A refused value.

use serde::Serialize;

/// A value that breaks a rule of the schema, as an entry of `invalid_fields`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct InvalidField {
    /// The rule: `required`, `number_lte`, `enum`, …
    #[serde(rename = "type")]
    pub(crate) rule: &'static str,
    /// Where, such as `input.steps`; the object for a missing member.
    pub(crate) field: String,
    /// In words.
    pub(crate) description: String,
}
