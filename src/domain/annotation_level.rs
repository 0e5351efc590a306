//! How severe an annotation is.

use serde::{Deserialize, Serialize};

/// How severe an annotation of a line is. The names are those of GitHub's check runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnotationLevel {
    /// A note.
    Notice,
    Warning,
    /// An error.
    Failure,
}
