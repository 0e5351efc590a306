//! Renders a finished run: pure functions from values to JSON, Markdown, JUnit, HTML, SARIF and text for a terminal.
//!
//! Everything is rendered from [`json::v1::Run`], the frozen types of `run.json`, so that a saved run renders like a fresh one.
//! Delivering the reports is left to `deliver`. Text from models, logs and names is escaped for its destination, see [`escape`].

mod before_after;
pub(crate) mod canary;
pub(crate) mod cleanup;
pub(crate) mod console;
pub mod documents;
pub(crate) mod escape;
pub(crate) mod failures;
pub(crate) mod github;
pub(crate) mod html;
pub mod json;
pub(crate) mod junit;
mod label;
pub(crate) mod markdown;
mod measurement;
pub(crate) mod notes;
pub(crate) mod notification;
pub(crate) mod rule_page;
pub mod rules;
pub(crate) mod sarif;
mod trend;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod surfaces;
