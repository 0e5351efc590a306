//! The digest of everything that a build is given: the Dockerfile, generated files, and every file of the project that is sent.
//!
//! What a build fetches from elsewhere is not in it, and neither are labels, which name the commit.

use sha2::{Digest, Sha256};

use crate::build::BuildRequest;
use crate::build::context::{ContextError, ContextFiles};
use crate::build::weights::digest_entries;

/// Computes the digest. Reads every file, and blocks.
pub fn source_digest(request: &BuildRequest) -> Result<String, ContextError> {
    let BuildRequest { project, unsent, recipe, .. } = request;
    let context = ContextFiles::scan(project, unsent, Vec::new())?;
    let mut digest = Sha256::new();
    let mut part = |bytes: &[u8]| {
        digest.update(bytes.len().to_le_bytes());
        digest.update(bytes);
    };
    part(recipe.dockerfile.as_bytes());
    for file in &recipe.files {
        part(file.path.as_bytes());
        part(&file.contents);
    }
    part(digest_entries(project, &context)?.as_bytes());
    Ok(hex::encode(digest.finalize()))
}
