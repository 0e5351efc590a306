//! What a build takes from its surroundings, as values: nothing here reads a variable.

use std::collections::BTreeMap;

use cog_source::recipe::{Conventions, UvSource};

use super::CogBaseAnswers;
use crate::build::official::CogProgram;
use crate::support::SecretString;
use crate::support::secrets::Redactor;

/// What a build takes from its surroundings.
#[derive(Debug, Clone, Default)]
pub struct BuildEnvironment {
    /// The registry that the given client asks: `r8.im`.
    pub registry_host: String,
    /// The registry of `cog-base` images (`COG_REGISTRY_HOST`); empty for `r8.im`.
    pub cog_registry_host: String,
    /// What the registry of `cog-base` images has answered in this run.
    pub cog_base_answers: CogBaseAnswers,
    /// A certificate authority that build and model trust (`COG_CA_CERT`): PEM, or PEM in base64. Files are read by the caller.
    pub ca_certificate: Option<String>,
    /// Where uv comes from in builds that need it.
    pub uv: UvSource,
    /// Whose choices and instructions the Dockerfile follows. That of the Cog CLI is for comparison and cannot be built.
    pub conventions: Conventions,
    /// The commit.
    pub git_revision: Option<String>,
    /// The branch, tag or description of the commit.
    pub git_version: Option<String>,
    /// The time of files in the image, in seconds since 1970 (`SOURCE_DATE_EPOCH`).
    pub source_date_epoch: Option<u64>,
    /// The official program, for builds by it.
    pub official: CogProgram,
    /// Values of the variables that build secrets name, and of no others.
    pub variables: BTreeMap<String, SecretString>,
    /// The tokens of this run, by the names of their variables: they must not be among the files that are sent.
    pub tokens: BTreeMap<String, SecretString>,
    /// Hides the secrets of this run, and learns those that the build is given.
    pub redactor: Redactor,
}
