//! What a build needs: a Dockerfile, the files made for it, and where each of its steps comes from.
//!
//! Made from a `cog.yaml` by this room, carried out by `build`.

use crate::domain::finding::Location;

/// How to build a project's image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The image it starts from.
    pub base_image: String,
    /// The Dockerfile's text.
    pub dockerfile: String,
    /// Files that the Dockerfile copies and that are not the user's.
    pub files: Vec<RecipeFile>,
    /// Where the Dockerfile's instructions come from, in the order of their lines.
    pub steps: Vec<RecipeStep>,
}

/// A generated file of the build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeFile {
    /// Relative to the context, under `.cog/build/`.
    pub path: String,
    /// What it holds.
    pub contents: Vec<u8>,
}

/// One part of the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeStep {
    /// The first of its lines in the Dockerfile, counted from 1. It reaches to the next step's first line.
    pub dockerfile_line: usize,
    /// What the user wrote that caused it.
    pub origin: Option<Location>,
    /// What it does, for people.
    pub title: String,
}
