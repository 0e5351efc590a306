//! Builds with the Cog CLI, for what safe-push cannot build itself: managed weights and bundles. From the local image on, everything is the
//! same as for our own builds.

mod error;
mod locate;
mod run;

pub use error::CogCliError;
pub use locate::CogProgram;
pub use run::{CogCliBuild, build_with_cog_cli};
