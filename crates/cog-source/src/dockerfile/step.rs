//! An instruction with its origin.

use cog_findings::Location;

/// An instruction of the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeStep {
    /// The line of the Dockerfile that it starts on, from 1.
    pub dockerfile_line: usize,
    /// The line of the project that makes it necessary; `None` for instructions that every image has.
    pub origin: Option<Location>,
    /// What it does, in a few words.
    pub title: String,
}
