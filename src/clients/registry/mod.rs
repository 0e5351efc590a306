//! OCI registries over HTTP: looking at manifests, and Replicate's check of the CLI token.
//!
//! Pushing and pulling layers is the Docker daemon's work (`clients::docker`). What a manifest means is left to the callers.

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
    /// The manifest of `repository` under a tag or a digest; `None` when there is none. Of an index, that of linux/amd64.
    async fn manifest(&self, repository: &str, reference: &str) -> Result<Option<Manifest>, RegistryError>;

    /// The user that a CLI token belongs to, under whose name pushes go: `docs/reference/replicate-api.md#token-check`.
    async fn verify_token(&self, token: &SecretString) -> Result<String, RegistryError>;
}
