//! Deployments and their releases.

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// What a release runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) hardware: String,
    pub(crate) min_instances: u64,
    pub(crate) max_instances: u64,
}

/// A state of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Release {
    /// From 1; every update counts.
    pub(crate) number: u64,
    pub(crate) model: String,
    pub(crate) version: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) configuration: Configuration,
}

/// A deployment. Its owner is the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployment {
    pub(crate) name: String,
    pub(crate) release: Release,
    pub(crate) last_used: Option<Instant>,
    pub(crate) sequence: u64,
}
