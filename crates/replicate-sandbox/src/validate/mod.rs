//! Checks values against a version's OpenAPI document.
//!
//! Covers as much of JSON Schema as Cog writes, with the field names, rule names and messages of the service's own validator.
//! `cog-schema` is deliberately not used: the two sides of the wire share no code.

mod check;
mod field;
mod uris;

#[cfg(test)]
mod tests;

pub(super) use check::Document;
pub(super) use field::InvalidField;
