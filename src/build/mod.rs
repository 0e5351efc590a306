//! Project folder to image: BuildKit through the Docker daemon, the log kept, failures mapped to lines of `cog.yaml`.
//!
//! Like Cog, it takes two builds. The first makes the file system. Then the image is asked for its schema and packages, and the second
//! build adds the schema as a file and as labels. `cog-source` decides the content of the Dockerfile; `clients` speaks to the daemon.

mod advice;
mod cache_mounts;
mod cog_cli;
mod context;
mod disk;
mod dockerfile;
mod dockerignore;
mod entry_header;
mod error;
mod failure;
mod fingerprint;
mod graft;
mod label;
mod leaks;
mod log;
mod prepare;
mod request;
mod reuse;
pub mod rules;
mod run;
mod schema;
mod schema_error;
mod secrets;
mod source_digest;
mod steps;
mod weights;

pub use cache_mounts::CacheMounts;
pub use cog_cli::{CogCliBuild, CogCliError, CogProgram, build_with_cog_cli};
pub use context::{ContextError, list_context};
pub use disk::NotEnoughSpace;
pub use dockerignore::{DockerIgnore, IgnorePatternError};
pub use error::BuildError;
pub use failure::{BuildFailure, FailureCause};
pub use fingerprint::{FINGERPRINT_LABEL, fingerprint};
pub use graft::{Graft, GraftScope, GraftTerms, Ingredients, NoGraft, RECIPE_LABEL, base_identity, graft, recipe_label};
pub use leaks::{NamedSecret, WrittenSecrets, secrets_in_context, secrets_in_image, unprovable, written_secrets};
pub use prepare::{BuildEnvironment, CogBaseAnswers, PrepareError, SourceFacts, build_secrets, context_findings, prepare};
pub use request::{BaseLayers, BuildRequest, Built, SchemaSource};
pub use run::build;
pub use schema_error::SchemaError;
pub use secrets::{SecretError, secret_files};
pub use source_digest::source_digest;
