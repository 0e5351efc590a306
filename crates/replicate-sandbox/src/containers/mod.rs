//! The engine for images: one container per version and kind of job, kept until it is idle.
//!
//! - [`protocol`]: the HTTP dialects of Cog's two servers (`docs/reference/cog.md#http-server`)
//! - [`docker`]: the life cycle of a container; [`ready`]: waiting for its server; [`output`]: following its output
//! - [`options`]: what containers have in common; [`error`]: why one does not serve; [`labels`]: the labels that mark it; [`confinement`]:
//!   what it may do
//! - [`orphans`]: what killed sandboxes left; [`remove`]: removing containers and image names
//! - [`logs`]: the part of a container's output that users see
//! - [`pool`], [`slot`]: which container serves which job
//! - [`reporter`]: the output of a job; [`abandoned`]: jobs that were canceled

mod abandoned;
mod confinement;
mod docker;
mod error;
mod labels;
mod logs;
mod options;
mod orphans;
mod output;
mod pool;
mod protocol;
mod ready;
mod remove;
mod reporter;
mod slot;

#[cfg(test)]
mod docker_tests;
#[cfg(test)]
mod protocol_tests;

pub use confinement::MODEL_CAPABILITIES;
pub(crate) use options::{ContainersOptions, Reach};
pub(crate) use pool::Containers;
