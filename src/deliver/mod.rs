//! Sends rendered reports to their targets. Decides nothing.
//!
//! - [`files`]: the report folder
//! - [`github`]: check runs and the comment of a pull request
//!
//! Targets are independent of each other: one that is not reached is returned as [`Undelivered`] and keeps no other from its report.

pub mod files;
mod folder;
pub mod github;
mod undelivered;

pub use undelivered::{Target, Undelivered};
