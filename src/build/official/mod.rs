//! Builds with the Cog CLI, for what safe-push cannot build itself: managed weights and bundles. From the local image on, everything is the
//! same as for our own builds.

mod error;
mod locate;
mod run;

pub use error::OfficialError;
pub use locate::CogProgram;
pub use run::{OfficialBuild, build_officially};
