//! The sandbox as a client sees it: plain HTTP against scripted versions, without Docker.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod client;
mod deployments;
mod faults;
mod files;
mod gpus;
mod lifecycle;
mod models;
mod pages;
mod predictions;
mod registry;
mod scenario;
mod service;
mod trainings;
