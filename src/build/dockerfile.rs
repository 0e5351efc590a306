//! The Dockerfile in the build context.

use cog_source::recipe::RecipeFile;

/// Path in the context. A project's own Dockerfile is a different file.
pub(super) const DOCKERFILE: &str = ".cog/build/Dockerfile";

/// A Dockerfile as a file of the context.
pub(super) fn dockerfile(text: &str) -> RecipeFile {
    RecipeFile { path: DOCKERFILE.to_owned(), contents: text.as_bytes().to_vec() }
}
