//! What a build takes from its environment, as values. Nothing here reads a variable.

use std::collections::BTreeMap;

use cog_source::recipe::{Conventions, UvSource};

use super::CogBaseAnswers;
use crate::build::cache_mounts::CacheMounts;
use crate::build::cog_cli::CogProgram;
use crate::support::SecretString;
use crate::support::secrets::Redactor;

/// What a build takes from its environment.
#[derive(Debug, Clone, Default)]
pub struct BuildEnvironment {
    /// The host of the given registry client: `r8.im`.
    pub registry_host: String,
    /// The registry of `cog-base` images (`COG_REGISTRY_HOST`); empty for `r8.im`.
    pub cog_registry_host: String,
    /// Answers of that registry in this run.
    pub cog_base_answers: CogBaseAnswers,
    /// A certificate authority for the build and the model to trust (`COG_CA_CERT`): PEM, or PEM in base64. The caller reads files.
    pub ca_certificate: Option<String>,
    /// The source of uv for builds that need it.
    pub uv: UvSource,
    /// Whose Dockerfile conventions to follow. Those of the Cog CLI are for comparison and cannot be built.
    pub conventions: Conventions,
    pub git_revision: Option<String>,
    /// The branch, tag or `git describe` of the commit.
    pub git_version: Option<String>,
    /// The time of files in the image, in seconds since 1970 (`SOURCE_DATE_EPOCH`).
    pub source_date_epoch: Option<u64>,
    pub cog_cli: CogProgram,
    /// Proxies for build steps, by variable. They do not stay in the image.
    pub proxies: BTreeMap<String, SecretString>,
    /// Values of the variables that build secrets name, and no others.
    pub variables: BTreeMap<String, SecretString>,
    /// The tokens of this run, by variable. They must not be among the files that are sent.
    pub tokens: BTreeMap<String, SecretString>,
    /// Which builds share the cache mounts.
    pub cache_mounts: CacheMounts,
    /// Hides the secrets of this run, and learns those that the build is given.
    pub redactor: Redactor,
}
