//! Files that a build needs besides the project.

/// A file to add to the build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeFile {
    /// The path within the context.
    pub path: String,
    pub contents: Vec<u8>,
}
