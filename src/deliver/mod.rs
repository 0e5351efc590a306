//! Sends rendered text where it belongs. Decides nothing.
//!
//! - [`files`]: the report folder

pub mod files;
