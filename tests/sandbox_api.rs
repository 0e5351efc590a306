//! The sandbox as a client sees it: plain HTTP against scripted versions, without Docker.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "sandbox_api/client.rs"]
mod client;
#[path = "sandbox_api/deployments.rs"]
mod deployments;
#[path = "sandbox_api/faults.rs"]
mod faults;
#[path = "sandbox_api/files.rs"]
mod files;
#[path = "sandbox_api/lifecycle.rs"]
mod lifecycle;
#[path = "sandbox_api/models.rs"]
mod models;
#[path = "sandbox_api/pages.rs"]
mod pages;
#[path = "sandbox_api/predictions.rs"]
mod predictions;
#[path = "sandbox_api/registry.rs"]
mod registry;
#[path = "sandbox_api/scenario.rs"]
mod scenario;
#[path = "sandbox_api/service.rs"]
mod service;
#[path = "sandbox_api/trainings.rs"]
mod trainings;
