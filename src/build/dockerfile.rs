//! The Dockerfile's place in the context of a build.

use cog_source::recipe::RecipeFile;

/// The Dockerfile's path in the context. A file of that name in the project is another.
pub(super) const DOCKERFILE: &str = ".cog/build/Dockerfile";

/// A Dockerfile as a file of the context.
pub(super) fn dockerfile(text: &str) -> RecipeFile {
    RecipeFile { path: DOCKERFILE.to_owned(), contents: text.as_bytes().to_vec() }
}
