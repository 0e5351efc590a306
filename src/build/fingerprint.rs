//! What a version was made of, as one label: the source, the base image and the schema. Two versions with the same label behave alike,
//! apart from unpinned packages.

use sha2::{Digest as _, Sha256};

use crate::build::context::ContextError;
use crate::build::request::{BuildRequest, SchemaSource};
use crate::build::source_digest;

/// The label. Every push writes it, with an empty value if it is not known what the image was made of.
pub const FINGERPRINT_LABEL: &str = "safe-push.source";

/// The fingerprint of a build. `base` identifies the image that it starts from. `None` for a Dockerfile of the project's own, which may
/// start from several. Reads every file that the build is given, and blocks.
///
/// # Errors
/// When the project cannot be read.
pub fn fingerprint(request: &BuildRequest, base: &str) -> Result<Option<String>, ContextError> {
    if request.recipe.dockerfile_of_the_project.is_some() {
        return Ok(None);
    }
    let schema = match &request.schema {
        SchemaSource::Static(document) => document.to_string(),
        // It follows from the source.
        SchemaSource::FromImage => String::new(),
        // A file from anywhere.
        SchemaSource::Given(_) => return Ok(None),
    };
    let mut digest = Sha256::new();
    for part in [source_digest(request)?.as_str(), base, &schema] {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    Ok(Some(hex::encode(digest.finalize())))
}
