//! Checks before a build: configuration, `cog.yaml`, Ruff, the signature, its schema, and compatibility with the live version.
//!
//! Takes about a second and changes nothing. `cog-source` reads the source and `cog-schema` judges the schema; this room reads the
//! project, calls both, and applies the repository's policy to their findings.

mod build_plan;
mod echoes;
mod error;
mod excerpt;
mod hardware;
mod kernels;
mod live;
mod policy;
mod project;
mod revision;
mod ruff;
pub(crate) mod rules;
mod run;
mod sdk_drift;
mod signature;
mod source_lines;

#[cfg(test)]
mod tests;

pub(crate) use build_plan::check as build_findings;
pub use error::InspectError;
pub(crate) use excerpt::with_excerpt;
pub use live::LiveVersion;
pub(crate) use live::{LiveModel, live_model};
pub(crate) use project::load_project;
pub use revision::{Revision, RevisionError};
pub use ruff::{RuffOutcome, Tools};
pub use run::{InspectRequest, Inspected, SourceMaps, inspect};
pub(crate) use run::{PolicyFindings, apply_policy, compare_with, inspect_schema, unread};
pub(crate) use signature::describe_with;
pub(crate) use source_lines::add_source_lines;
