//! Sends rendered text where it belongs. Decides nothing.
//!
//! - [`files`]: the report folder
//! - [`github`]: check runs and the comment of a pull request

pub mod files;
pub mod github;
