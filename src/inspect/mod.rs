//! What can be known before a build: configuration, `cog.yaml`, Ruff, the signature, its schema, and compatibility with the live version.
//!
//! Takes about a second and changes nothing. What a schema means is decided in `schema`, what Python says in `python`; this room reads
//! the project, asks them, and applies the repository's policy to what they find.

mod build_plan;
mod error;
mod excerpt;
mod hardware;
mod live;
mod policy;
mod project;
mod ruff;
pub mod rules;
mod run;
mod signature;

#[cfg(test)]
mod tests;

pub use error::InspectError;
pub use excerpt::with_excerpt;
pub use live::{LiveVersion, live_version};
pub use project::load_project;
pub use ruff::{RuffOutcome, Tools};
pub use run::{InspectRequest, Inspected, Places, PolicyFindings, apply_policy, inspect, inspect_schema};
pub use signature::{describe, describe_with};
