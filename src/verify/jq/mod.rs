//! jq programs, run so that none of them can hang, end the process or spy.
//!
//! A program comes from a configuration, perhaps one of a fork. It runs in a thread of its own, since jaq recurses on the stack and needs a
//! large one, and since a thread that is given up does not keep the process from ending. Every step passes [`meter`], which stops the program when it takes too many steps, too long, or recurses too deep. Filters
//! that would reach out of the program (`env`, `halt`, `stderr`, `debug`) are replaced. What is left is memory: `"x" * 1e12` asks for a
//! terabyte in one step.

mod filters;
mod meter;
mod program;

pub(in crate::verify) use program::{check, results};
