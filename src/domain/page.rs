//! What happened to the text on a model's page.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The README of a model's page, compared with a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageReport {
    /// The file, relative to the repository.
    pub file: String,
    pub change: PageChange,
    /// The lines that differ, each after `-` or `+`. Untrusted text.
    pub diff: Vec<String>,
    /// The one-line description that goes with it.
    pub description: Option<String>,
    /// Why the page could not be read or written.
    pub problem: Option<String>,
}

/// What happened to a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageChange {
    /// Its text is that of the file.
    Unchanged,
    /// It was replaced after publishing.
    Updated,
    /// Publishing would replace it.
    WouldUpdate,
    /// It could not be read or written.
    Failed,
}
