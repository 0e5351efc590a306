//! OCI registries over HTTP: reads manifests and checks Replicate's CLI token.
//!
//! The Docker daemon pushes and pulls layers (`clients::docker`). What a manifest means is up to the callers.

mod challenge;
mod error;
mod manifest;
mod real;

#[cfg(test)]
mod tests;

use async_trait::async_trait;

pub use error::RegistryError;
pub use manifest::Manifest;
pub use real::{RealRegistry, RegistryOptions};

use crate::support::SecretString;

/// A registry.
#[async_trait]
pub trait Registry: Send + Sync {
    /// The manifest of `repository` under a tag or digest, or `None`. For an index, the manifest of linux/amd64.
    async fn manifest(&self, repository: &str, reference: &str) -> Result<Option<Manifest>, RegistryError>;

    /// The user that a CLI token belongs to, under whose name pushes go: `docs/reference/replicate-api.md#token-check`.
    async fn verify_token(&self, token: &SecretString) -> Result<String, RegistryError>;
}
