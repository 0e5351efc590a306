//! OCI registries over HTTP: reads and writes manifests and blobs, and checks Replicate's CLI token.
//!
//! - [`Registry`] reads, [`RegistryWriter`] writes; [`RealRegistry`] does both
//! - [`StoredManifest`] is a manifest byte for byte, [`ImageManifest`] one that can be published again, [`Manifest`] what a reader needs
//!
//! Inside: `connection` sends requests with the authorization that `challenge`, `scopes` and `tokens` know; `uploads` sends blobs that
//! `source` reads; `error_body` reads refusals. The Docker daemon pushes and pulls by itself (`clients::docker`). What a manifest means is
//! up to the callers.

mod blobs;
mod challenge;
mod connection;
mod digests;
mod error;
mod error_body;
mod image;
mod kept;
mod manifest;
mod options;
mod real;
mod scopes;
mod session;
mod source;
mod stored;
mod tokens;
mod uploads;
mod writer;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod write_tests;

use futures::future::BoxFuture;

pub use blobs::Mount;
pub use digests::{AnyRegistry, ImageDigests};
pub use error::RegistryError;
pub use image::{Blob, ImageManifest, StoredContent, Unsupported, with_label};
pub use manifest::Manifest;
pub use options::RegistryOptions;
pub use real::RealRegistry;
pub use source::FileBlob;
pub use stored::StoredManifest;
pub use writer::RegistryWriter;

use crate::support::SecretString;

pub trait Registry: Send + Sync {
    /// The manifest of `repository` under a tag or digest, or `None`. For an index, the manifest of linux/amd64.
    fn manifest<'a>(&'a self, repository: &'a str, reference: &'a str) -> BoxFuture<'a, Result<Option<Manifest>, RegistryError>>;

    /// The user that a CLI token belongs to, under whose name pushes go: `docs/reference/replicate-api.md#token-check`.
    fn verify_token<'a>(&'a self, token: &'a SecretString) -> BoxFuture<'a, Result<String, RegistryError>>;
}
