//! Runs the stages in order; owns concurrency, cancellation, time limits and the events; yields a `RunReport`.
//!
//! - [`run`]: models one after the other, each through inspect, build, stage, verify, publish and deploy, as far as the [`Goal`] goes
//! - [`check`]: inspect alone, without a daemon and if need be without a token
//! - [`build_only`]: inspect and build, if need be without a token
//! - [`canary`]: a tiny model of our own through the stages up to verify, and away again
//! - [`verify_existing`]: verify alone, against a version that is already there
//!
//! One file holds one stage's adapter. What a stage finds out goes into the report at once, so that a run which is stopped or fails keeps
//! the values so far. What an error means for the verdict is decided in one place, `stop`. Rendering, delivery and exit codes are
//! left to `report`, `deliver` and `cli`.

mod building;
mod canary;
mod context;
mod deploying;
mod existing;
mod grace;
mod inspecting;
mod lookup;
mod model;
mod partial;
mod proof;
mod publishing;
mod request;
pub mod rules;
mod run;
mod second_pass;
mod staging;
mod state;
mod stop;
mod verifying;

pub use canary::{CanaryRequest, canary, write_canary};
pub use existing::{ExistingVersion, verify_existing};
pub use partial::{BuildServices, CheckServices, build_only, check};
pub use request::{Goal, KeyFiles, ModelRun, PrepareTree, PrepareTreeError, RunOptions, Services, WrittenKey};
pub use run::run;

#[cfg(test)]
mod tests;
