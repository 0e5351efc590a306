//! An OCI registry over HTTP.
use async_trait::async_trait;

use crate::clients::ErrorKind;
use crate::domain::identity::ImageDigest;

/// A registry.
#[async_trait]
pub trait Registry: Send + Sync {
    /// A manifest.
    async fn manifest(&self, repository: &str, reference: &str) -> Result<Option<Manifest>, RegistryError>;
}

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its digest.
    pub digest: ImageDigest,
    /// Its configuration's.
    pub config: ImageDigest,
    /// Its layers'.
    pub layers: Vec<ImageDigest>,
    /// Its size.
    pub size_bytes: u64,
}

/// An error.
#[derive(Debug, thiserror::Error)]
#[error("failed to ask the registry")]
pub struct RegistryError {
    /// Its kind.
    pub kind: ErrorKind,
}

impl RegistryError {
    /// Its kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The way out.
    pub fn hint(&self) -> Option<&'static str> {
        None
    }
}
