//! Tests with a Docker daemon: builds, containers, pushes, and whole runs of the CLI and the action. They are skipped without a daemon or
//! without the base image that `script/make-base-image` provides, except in CI, where they fail.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

// What the tests share.
mod action_image;
mod daemon;
mod registry_server;

mod action;
mod action_cancel;
mod action_hostile;
mod build;
mod canary;
mod clean;
mod cli;
mod cli_select;
mod client;
mod examples;
mod failing_builds;
mod graft;
mod hostile_script;
mod killed;
mod models;
mod official;
mod prepare;
mod promote;
mod publish;
mod python;
mod rebuild;
mod registry;
mod registry_publish;
mod sandbox;
mod trainings;
mod two_pass;
mod verify_url;
mod weights;
mod workflows;
mod writers;
