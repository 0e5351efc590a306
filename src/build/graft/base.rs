//! Which image a build would start from: the one that the daemon has, or else the one that the registry has.

use crate::clients::docker::InspectImages;
use crate::clients::registry::ImageDigests;

/// Identifies the image behind a reference as a build on this daemon would find it: the digest of its manifest, or the daemon's id for an
/// image that never came from a registry. `None` if neither the daemon nor the registry knows it.
pub async fn base_identity(reference: &str, images: &dyn InspectImages, digests: &dyn ImageDigests) -> Option<String> {
    // A daemon that does not answer cannot build.
    if let Ok(local) = images.inspect_image(reference).await {
        let repository = repository_of(reference);
        let pulled = local.digests.iter().filter_map(|named| named.split_once('@'));
        let pulled = pulled.filter(|(name, _)| repository_of(name) == repository).map(|(_, digest)| digest.to_owned()).next();
        return Some(pulled.unwrap_or_else(|| format!("image {}", local.id)));
    }
    digests.digest_of(reference).await.map(|digest| digest.to_string())
}

/// The repository of a reference, in the short form in which Docker shows its own.
fn repository_of(reference: &str) -> &str {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    // A ':' before a '/' is a port.
    let name = match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    };
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_one_repository_are_reported() {
        for reference in ["python", "python:3.12-slim", "docker.io/library/python:3.12", "python@sha256:00"] {
            assert_eq!(repository_of(reference), "python", "{reference}");
        }
        assert_eq!(repository_of("127.0.0.1:5000/cog-base:python3.12"), "127.0.0.1:5000/cog-base");
        assert_eq!(repository_of("127.0.0.1:5000/cog-base"), "127.0.0.1:5000/cog-base");
    }
}
