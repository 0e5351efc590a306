//! Sends rendered reports to their targets. Decides nothing.
//!
//! - [`files`]: the report folder
//! - [`github`]: check runs and the comment of a pull request
//!
//! Targets are independent: one that cannot be reached is returned as [`Undelivered`] and does not affect the others.

pub mod files;
mod folder;
pub mod github;
mod ownership;
mod undelivered;

pub use undelivered::{DeliveryTarget, Undelivered};
