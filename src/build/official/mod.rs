//! Builds by the Cog CLI, for what is not built here: managed weights and bundles. Everything after the local image is the
//! same as for a build of our own.

mod error;
mod locate;
mod run;

pub use error::OfficialError;
pub use locate::CogProgram;
pub use run::{OfficialBuild, build_officially};
