//! Shared by the integration tests and benchmarks of safe-push: runs the CLI as a user does, and fakes the services around it.
//!
//! Each helper is compiled once for all test binaries. What a single binary uses stays beside its tests.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

pub mod browser;
mod built;
mod docker;
pub mod fake_claude;
pub mod fake_github;
pub mod fake_pagerduty;
pub mod hostile_script;
mod network;
pub mod page_lint;
mod predict;
mod repository;
pub mod runner;
pub mod saved_run;
mod scrub;
mod seen;
pub mod whole_run;
pub mod workflow;

use std::path::Path;

pub use built::binary;
pub use docker::{BASE, docker_is_there, sandbox_options, share_layers};
pub use network::{retried, retried_run};
pub use predict::predict;
pub use repository::{Repository, ca_file};
pub use seen::Seen;

/// The root of the repository.
pub fn root() -> &'static Path {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).expect("the crate is in `crates/`")
}
