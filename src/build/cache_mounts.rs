//! Which builds share the cache mounts of a build: pip's downloads, and what the `run` commands of `cog.yaml` keep in mounts of their own.
//!
//! A build executes what it finds there, so code that is not the repository's own must not leave anything for builds that publish. BuildKit
//! puts the namespace before the id of every mount, whatever a Dockerfile calls it.

use uuid::Uuid;

use crate::support::SecretString;
use crate::support::seal::SealKey;

/// The build argument that Dockerfile frontends take the namespace from.
pub(super) const NAMESPACE_ARGUMENT: &str = "BUILDKIT_CACHE_MOUNT_NS";

/// The purpose from which the keys of namespaces are derived.
const PURPOSE: &str = "safe-push cache mounts version 1";

/// The builds that share the cache mounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CacheMounts {
    /// Every build of the daemon, as with `docker build`.
    #[default]
    Everyone,
    /// Builds with the same CLI token. The namespace cannot be guessed without it.
    SameToken { namespace: String },
    /// No other build.
    Nobody { namespace: String },
}

impl CacheMounts {
    /// The cache mounts of builds with this token.
    pub fn of_token(token: &SecretString) -> Self {
        match SealKey::of(token, PURPOSE) {
            Some(key) => Self::SameToken { namespace: key.name("") },
            None => Self::Everyone,
        }
    }

    /// The cache mounts of a single build.
    pub fn of_one_build() -> Self {
        Self::Nobody { namespace: Uuid::new_v4().simple().to_string() }
    }

    /// Whether no other build may find anything of this one.
    pub fn is_alone(&self) -> bool {
        matches!(self, Self::Nobody { .. })
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        match self {
            Self::Everyone => None,
            Self::SameToken { namespace } | Self::Nobody { namespace } => Some(namespace),
        }
    }
}

/// The frontend image that a Dockerfile chooses, unless it is Docker's own. It could name mounts of any namespace.
pub(super) fn foreign_frontend(dockerfile: &str) -> Option<&str> {
    // Directives end with the first line that is not one.
    let directives =
        dockerfile.trim_start_matches('\u{feff}').lines().map(|line| line.trim_start().strip_prefix('#').map(str::trim));
    let image = directives
        .map_while(|line| line.and_then(|line| line.split_once('=')))
        .find_map(|(name, value)| name.trim().eq_ignore_ascii_case("syntax").then(|| value.trim()))?;
    let name = image.strip_prefix("docker.io/").unwrap_or(image);
    let is_dockers =
        name == "docker/dockerfile" || name.starts_with("docker/dockerfile:") || name.starts_with("docker/dockerfile@");
    (!is_dockers).then_some(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_those_of_a_token_or_of_one_build() {
        let of = |token: &str| CacheMounts::of_token(&token.into());
        assert_eq!(of("one-token"), of("one-token"));
        assert_ne!(of("one-token"), of("another-token"));
        assert!(!format!("{:?}", of("one-token")).contains("one-token"));
        assert_ne!(CacheMounts::of_one_build(), CacheMounts::of_one_build());
        assert_eq!(CacheMounts::default().namespace(), None);
    }

    #[test]
    fn a_frontend_of_somebody_else_is_found() {
        for (dockerfile, expected) in [
            ("# syntax=evil/frontend\nFROM scratch\n", Some("evil/frontend")),
            ("\u{feff}#syntax = docker/dockerfile-evil:1\n", Some("docker/dockerfile-evil:1")),
            ("# escape=`\n# SYNTAX=evil/frontend:1\nFROM scratch\n", Some("evil/frontend:1")),
            ("#syntax=docker/dockerfile:1.4\nFROM scratch\n", None),
            ("# syntax=docker.io/docker/dockerfile@sha256:00\n", None),
            ("# A comment.\n# syntax=evil/frontend\nFROM scratch\n", None),
            ("FROM scratch\n# syntax=evil/frontend\n", None),
        ] {
            assert_eq!(foreign_frontend(dockerfile), expected, "{dockerfile}");
        }
    }
}
