//! The engine that runs versions for real: one container per version and kind of job, kept until it idles.
//!
//! - [`protocol`]: the HTTP dialects of Cog's two servers (`contracts/cog.md` section 5)
//! - [`docker`]: a container's life
//! - [`logs`]: what a user gets to see of a container's output
//! - [`owner`]: labels by which the containers of a crashed run are found
//! - [`pool`]: which container serves which job
#![cfg_attr(not(test), expect(dead_code, reason = "the sandbox's API is what runs an engine"))]

mod docker;
mod logs;
mod owner;
mod pool;
mod protocol;

#[cfg(test)]
mod docker_tests;
#[cfg(test)]
mod protocol_tests;

#[expect(unused_imports, reason = "the sandbox's API is what names it")]
pub(crate) use docker::ContainerError;
#[cfg_attr(not(test), expect(unused_imports, reason = "the sandbox's API is what uses them"))]
pub(crate) use docker::{ContainersOptions, Reach};
#[cfg_attr(not(test), expect(unused_imports, reason = "the sandbox's API is what uses them"))]
pub(crate) use pool::Containers;
