//! A run as text for a terminal or a plain log.
//!
//! Color never carries meaning alone. Control characters are removed from the text of models and services.

mod columns;
mod event;
mod finding;
mod style;
mod summary;

#[cfg(test)]
mod tests;

pub(crate) use columns::{columns, fitted};
pub(crate) use event::{event_line, step_name};
pub(crate) use finding::{error, finding};
pub(crate) use style::Style;
pub(crate) use summary::{Amount, summary};
