//! Project folder to image: BuildKit through the Docker daemon, the log kept, failures mapped to `cog.yaml` lines.
//!
//! As Cog does it, in two builds: the first makes the file system; then the image is asked for its schema and its packages; the second
//! adds the schema as a file and as labels. What the Dockerfile says is decided in `cog`; how the daemon is spoken to, in `clients`.

mod advice;
mod context;
mod disk;
mod dockerfile;
mod dockerignore;
mod error;
mod failure;
mod label;
mod leaks;
mod log;
mod official;
mod prepare;
mod request;
mod reuse;
pub mod rules;
mod run;
mod schema;
mod schema_error;
mod secrets;
mod steps;
mod weights;

pub use context::{ContextError, list_context};
pub use disk::NotEnoughSpace;
pub use dockerignore::{DockerIgnore, PatternError};
pub use error::BuildError;
pub use failure::{BuildFailure, FailureCause};
pub use leaks::{NamedSecret, secrets_in_context, secrets_in_image, written_secrets};
pub use official::{CogProgram, OfficialBuild, OfficialError, build_officially};
pub use prepare::{BuildEnvironment, CogBaseAnswers, PrepareError, SourceFacts, prepare};
pub use request::{BaseLayers, BuildRequest, Built, SchemaSource};
pub use run::build;
pub use schema_error::SchemaError;
pub use secrets::SecretError;
