//! jq programs, run so that none of them can hang, crash or spy.
//!
//! A program comes from a configuration, perhaps one of a fork. It runs in a thread of its own: jaq recurses on the stack, and a thread
//! that is given up does not keep the process from ending as a blocking task of the runtime would. Every step passes [`meter`], which
//! stops the program when it takes too many steps, too long, or recurses too deep. Filters that would reach out of the program
//! (`env`, `halt`, `stderr`, `debug`) are replaced.

mod filters;
mod meter;
mod program;

pub(in crate::verify) use program::{check, results};
