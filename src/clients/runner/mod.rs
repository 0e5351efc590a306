//! The runner of GitHub Actions, as far as a step talks to it: files for outputs and the job summary, and commands in the log.
//!
//! Nothing here knows what is said; who decides to be a step of a workflow is `cli`. Facts are in `contracts/github.md` section 2.

mod command;
mod files;
mod log;

pub use command::{AnnotationLevel, LogAnnotation, annotation, mask};
pub use files::{RunnerFileError, append_summary, write_output};
pub use log::{StoppedCommands, harmless};
