//! Runs jq programs so that they cannot hang, exit the process or read the environment.
//!
//! A program comes from the configuration, perhaps that of a fork. It runs in its own thread, because jaq recurses on the stack and needs a
//! large one, and because an abandoned thread does not keep the process alive. [`meter`] counts every step and stops a program that takes
//! too many steps, too long, or recurses too deeply. Filters that reach outside the program (`env`, `halt`, `stderr`, `debug`) are
//! replaced. Memory is limited by [`worker`]: the program runs in a process of its own, because `"x" * 1e12` allocates a terabyte in one
//! step.

mod filters;
mod meter;
mod program;
mod worker;

pub(in crate::verify) use program::JqError;
pub(in crate::verify) use worker::{check_all, results};
pub use worker::{is_worker, use_worker, work};
