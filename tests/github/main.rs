//! GitHub without Docker: the client against a strict fake, and the CLI as a step that the runner starts.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod action;
mod client;
mod deployments;
mod hostile_script;
mod images;
mod live;
mod mistakes;
mod workflows;
