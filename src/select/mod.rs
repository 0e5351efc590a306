//! Which models a run is about, and the preparation of the repository's files for each of them.
//!
//! - [`choose`]: what a request such as `all` or `a,b` means, given the known names
//! - [`changed`]: which models a list of changed files concerns, and that list from git
//! - [`Script`]: the repository's own script, which names its models and prepares its files for one of them
//! - [`Snapshot`] and [`Changes`]: restores what a script changes
//! - [`matrix`] and [`outputs`]: the outputs for a workflow
//!
//! `config` reads configurations, and `clients` gets lists of changed files from GitHub. Functions that start a program block until it
//! ends.

pub mod changed;
mod choice;
mod matrix;
pub mod rules;
mod script;
mod tree;

pub use choice::{SelectError, choose, differences};
pub use matrix::{MATRIX_JOBS, Outputs, matrix, outputs};
pub use script::{Script, ScriptError, ScriptNames, ScriptOutput};
pub use tree::{Changes, Journal, JournalRecovery, Snapshot, recover};
