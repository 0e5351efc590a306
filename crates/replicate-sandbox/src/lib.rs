//! A Replicate-compatible API and OCI registry in this process, for demos, tests and runs without a token.
//!
//! The sandbox imports no client of ours: the two sides of the wire share no code, so they cannot share a mistake. What it answers
//! follows `docs/reference/replicate-api.md`. One port serves the API (`/v1`), the registry (`/v2`), the registry's token check
//! (`/cog/v1/verify-token`), output files (`/files`) and a few pages for people.
//!
//! - [`running`]: starting and stopping; [`control`]: what its owner can do with it
//! - [`server`]: connections, faults, the request log, rate limits
//! - [`api`]: the routes; [`problem`]: refusals; [`validate`]: inputs against a schema
//! - [`books`]: models, versions, jobs, deployments; [`files`]: files
//! - [`runner`]: a job's way to its end; [`engine`]: the seam to what computes it
//! - [`containers`]: versions as containers; [`scripted`]: versions as scripts
//! - [`registry`]: pushing; [`gate`]: what a push means

mod account;
mod api;
mod books;
pub(crate) mod containers;
mod control;
pub(crate) mod engine;
mod error;
mod faults;
mod files;
mod gate;
mod locks;
mod options;
mod problem;
mod rate_limit;
pub(crate) mod registry;
mod request_log;
mod runner;
mod running;
mod scripted;
mod server;
mod service;
mod time;
mod validate;

pub use books::Visibility;
pub use control::{ImageTaker, PredictionRecord, SandboxVersion};
pub use error::SandboxError;
pub use faults::{Fault, FaultEffect};
pub use options::{RateLimits, SandboxOptions};
pub use registry::RegistryFault;
pub use request_log::RequestRecord;
pub use running::Sandbox;
pub use scripted::{JobType, Script, ScriptedReply, ScriptedRequest};
