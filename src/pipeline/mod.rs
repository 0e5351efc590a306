//! Runs the stages in order; owns concurrency, cancellation, time limits and the events; yields a `RunReport`.
//!
//! - [`run`]: models one after the other, each through inspect, build, stage, verify, publish and deploy, as far as the [`Goal`] and its
//!   services go
//! - [`canary`]: a tiny model of our own through the stages up to verify, then deleted
//! - [`verify_existing`]: verify alone, against a version that exists already; [`verify_live`]: against what users run; [`verify_server`]:
//!   against a Cog server
//! - [`promote`]: a version that an earlier run tested is published
//! - [`roll_back`]: an older version of the live model becomes its newest one again
//!
//! One file holds one stage. `record` enters stages: events, cancellation with grace, and the outcome in the report. What a stage learns
//! goes into the report at once, so that a run which is stopped or fails keeps the values so far. What an error means for the verdict is
//! decided in one place, `stop`. Rendering, delivery and exit codes are left to `report`, `deliver` and `cli`.

mod building;
mod canary;
mod case_files;
mod context;
mod course;
mod deploying;
mod deployment_proof;
mod existing;
mod grace;
mod grafting;
mod inspecting;
mod lookup;
mod model;
mod model_page;
mod moved;
mod outcome;
mod promote;
mod promoting;
mod promotion;
mod proof;
mod publishing;
mod record;
mod republishing;
mod request;
mod rollback;
pub mod rules;
mod run;
mod second_pass;
mod served;
mod services;
mod staging;
mod stop;
mod unchanged;
mod verifying;
mod weighing;

pub use canary::{CanaryRequest, canary, write_canary};
pub use existing::{ExistingVersion, verify_existing, verify_live};
pub use promote::{Tested, promote};
pub use promotion::{Promotion, RecordSeal, TestedRecords};
pub use request::{KeyFiles, ModelRun, PrepareTree, PrepareTreeError, RunOptions, WrittenKey};
pub use rollback::{RollbackRequest, roll_back};
pub use run::run;
pub use served::verify_server;
pub use services::{BuildServices, CheckServices, Goal, PromoteServices, RegistryServices, Services};

#[cfg(test)]
mod tests;
