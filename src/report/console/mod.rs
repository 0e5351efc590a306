//! A run in words for a terminal or a plain log.
//!
//! Colour never carries meaning alone. What models and services wrote is stripped of control characters.

mod event;
mod finding;
mod style;
mod summary;

#[cfg(test)]
mod tests;

pub use event::event_line;
pub use finding::{error, finding, finding_entry};
pub use style::Style;
pub use summary::summary;
