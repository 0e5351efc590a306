//! A finished run as text: pure functions from values to JSON, Markdown, JUnit, HTML and words for a terminal.
//!
//! Everything is rendered from [`json::v1::Run`], the frozen types of `run.json`, so that a saved run renders as a fresh one does.
//! Sending what was rendered is left to `deliver`. Text of models, logs and names is escaped for where it goes, see [`escape`].

pub mod canary;
pub mod console;
pub mod escape;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
mod measurement;
pub mod sarif;

#[cfg(test)]
pub(crate) mod sample;
