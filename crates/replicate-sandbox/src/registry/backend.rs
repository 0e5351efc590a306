//! What the registry asks of the API that keeps the books.

use std::collections::BTreeMap;

/// Accounts, repositories and what happens after a push.
pub(crate) trait RegistryBackend: Send + Sync {
    /// Whether these credentials are good.
    fn authenticate(&self, username: &str, password: &str) -> bool;

    /// Whether the user may read and write the repository `name`.
    fn repository(&self, name: &str, username: &str) -> Access;

    /// Told once for each manifest that was stored.
    fn pushed(&self, push: PushedManifest);
}

/// What a user may do in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read and write.
    Allowed,
    /// There is no such repository. Pushing does not make one.
    Missing,
    /// It belongs to somebody else.
    Forbidden,
}

/// A manifest that was just stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PushedManifest {
    /// `owner/name`.
    pub(crate) repository: String,
    /// The tag it was pushed under; `None` if by digest.
    pub(crate) tag: Option<String>,
    /// `sha256:` and 64 digits.
    pub(crate) digest: String,
    /// The labels in the image's configuration; for an index those of the first image in it that has any.
    pub(crate) labels: BTreeMap<String, String>,
}
