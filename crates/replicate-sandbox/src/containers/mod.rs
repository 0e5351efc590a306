//! The engine that runs versions for real: one container per version and kind of job, kept until it idles.
//!
//! - [`protocol`]: the HTTP dialects of Cog's two servers (`docs/reference/cog.md#http-server`)
//! - [`docker`]: a container's life
//! - [`logs`]: what a user gets to see of a container's output
//! - [`owner`]: labels by which the containers of a crashed run are found
//! - [`pool`]: which container serves which job; [`reporter`]: what the job prints; [`abandoned`]: jobs that were cancelled

mod abandoned;
mod docker;
mod labels;
mod logs;
mod pool;
mod protocol;
mod reporter;
mod slot;

#[cfg(test)]
mod docker_tests;
#[cfg(test)]
mod protocol_tests;

pub(crate) use docker::{ContainersOptions, Reach};
pub(crate) use pool::Containers;
