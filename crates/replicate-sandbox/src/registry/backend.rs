//! What the registry needs to know from the rest of the sandbox.

use std::collections::BTreeMap;

/// Access to repositories, and the effect of a push.
pub(crate) trait RegistryBackend: Send + Sync {
    /// Whether these credentials are valid.
    fn authenticate(&self, username: &str, password: &str) -> bool;

    /// What the user may do in the repository `name`.
    fn repository(&self, name: &str, username: &str) -> Access;

    /// Called once for each stored manifest.
    fn pushed(&self, push: PushedManifest);
}

/// What a user may do in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read and write.
    Allowed,
    /// There is no such repository. Pushing does not create one.
    Missing,
    /// It belongs to someone else.
    Forbidden,
}

/// A manifest that was just stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PushedManifest {
    /// The repository, as `owner/name`.
    pub(crate) repository: String,
    /// The tag it was pushed under. `None` if it was pushed by digest.
    pub(crate) tag: Option<String>,
    /// `sha256:` and 64 hexadecimal digits.
    pub(crate) digest: String,
    /// A tag that the registry does not list, under which the sandbox itself pulls the manifest.
    pub(crate) pull_tag: String,
    /// The labels in the image's configuration. For an index, those of the first image in it that has any.
    pub(crate) labels: BTreeMap<String, String>,
}
