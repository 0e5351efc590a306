//! Versions that answer from a script: the engine of tests, without containers and on tokio's clock.
//!
//! - [`script`]: what a script is asked and what it replies
//! - [`engine`]: boots, runs and cancels scripted versions as a container would
//! - [`scenario`]: models and scripts as a YAML file

mod engine;
mod scenario;
mod script;

pub(super) use engine::ScriptedEngine;
pub(super) use scenario::Scenario;
pub use script::{Script, ScriptedReply, ScriptedRequest};
