//! A Replicate-compatible API and OCI registry in this process, for demos, tests and runs without a token.
//!
//! The sandbox uses no client of Replicate's API: the two sides of the wire share no code, so they cannot share a mistake. Its
//! behavior follows `docs/reference/replicate-api.md`. One port serves the API (`/v1`), the registry (`/v2`), the registry's token
//! check (`/cog/v1/verify-token`), output files (`/files`) and a few pages for people. [`Sandbox`] is the place to start.
//!
//! - [`sandbox`]: starting and stopping; [`folder`]: the folder of its files; [`control`]: what its owner can do with it
//! - [`server`]: connections, faults, the request log, rate limits; [`hosts`]: which hosts it answers to
//! - [`api`]: the routes; [`problem`]: error responses; [`validate`]: inputs against a schema
//! - [`database`]: models, versions, jobs, deployments; [`files`]: files;
//!   [`private_url`]: where URLs of inputs must not lead
//! - [`runner`]: a job from start to finish; [`engine`]: the interface to what computes it
//! - [`containers`]: versions as containers; [`scripted`]: versions as scripts
//! - [`registry`]: pushing; [`registry_backend`]: what a push means; [`image_names`]: names of pulled images

mod account;
mod api;
mod clock;
mod containers;
mod control;
mod database;
mod engine;
mod error;
mod faults;
mod files;
mod folder;
mod gpus;
mod hosts;
mod image_names;
mod job_kind;
mod locks;
mod options;
mod private_url;
mod problem;
mod rate_limit;
mod registry;
mod registry_backend;
mod request_log;
mod runner;
mod sandbox;
mod scripted;
mod server;
mod service;
mod validate;

pub use containers::MODEL_CAPABILITIES;
pub use control::{ImageRegistrar, PredictionRecord, SandboxVersion};
pub use database::Visibility;
pub use error::SandboxError;
pub use faults::{Fault, FaultEffect};
pub use folder::FOLDER_PREFIX;
pub use gpus::{Gpus, GpusError};
pub use image_names::PULL_TAG_PREFIX;
pub use job_kind::JobKind;
pub use options::{RateLimits, SandboxOptions, VersionTags};
pub use registry::{MountFault, UploadFault};
pub use request_log::RequestRecord;
pub use sandbox::Sandbox;
pub use scripted::{Script, ScriptedReply, ScriptedRequest};

/// The examples in the README, compiled and run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
