//! Are these values what a version's OpenAPI document wants?
//!
//! Only as much of JSON Schema as Cog writes, with the field names, kinds and texts of the service's own validator. The program's
//! `schema` room is not used on purpose: the two sides of the wire share no code.

mod check;
mod field;

#[cfg(test)]
mod tests;

pub(super) use check::Document;
pub(super) use field::InvalidField;
