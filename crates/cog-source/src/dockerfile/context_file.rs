//! Files that a build needs besides the project.

/// A file to add to the build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeFile {
    /// The path within the context.
    pub path: String,
    pub contents: Vec<u8>,
}

/// A file to add to the build context, whose content the builder chooses: it has to change with the value of a build secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMark {
    /// The id of the secret.
    pub secret: String,
    /// The path within the context.
    pub path: String,
}
