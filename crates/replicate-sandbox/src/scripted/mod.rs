//! Versions that answer from a script, without containers and on tokio's clock.
//!
//! - [`script`]: requests and replies of a script
//! - [`engine`]: boots, runs and cancels scripted versions as a container would
//! - [`scenario`]: models and scripts in a YAML file

mod engine;
mod scenario;
mod script;

pub(super) use engine::ScriptedEngine;
pub(super) use scenario::Scenario;
pub use script::{Script, ScriptedReply, ScriptedRequest};
