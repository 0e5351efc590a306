//! The GitHub Actions runner, as seen by a step: files for outputs and the job summary, and commands in the log.
//!
//! What to write, and whether this process is a step of a workflow, is up to `cli`. Facts are in
//! `docs/reference/github-actions.md#workflow-commands`.

mod command;
mod files;
mod log;

pub use command::{LogAnnotation, annotation, mask};
pub use files::{RunnerFileError, append_summary, write_output};
pub use log::{StoppedCommands, harmless};
