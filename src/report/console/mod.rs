//! A run in words for a terminal or a plain log.
//!
//! Colour never carries meaning alone. What models and services wrote is stripped of control characters.

mod event;
mod finding;
mod style;
mod summary;

#[cfg(test)]
mod tests;

pub(crate) use event::event_line;
pub(crate) use finding::{error, finding};
pub(crate) use style::Style;
pub(crate) use summary::summary;
