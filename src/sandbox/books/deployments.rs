//! Deployments and their releases.

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// What a release runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Configuration {
    pub(in crate::sandbox) hardware: String,
    pub(in crate::sandbox) min_instances: u64,
    pub(in crate::sandbox) max_instances: u64,
}

/// A state of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Release {
    /// From 1; every update counts.
    pub(in crate::sandbox) number: u64,
    pub(in crate::sandbox) model: String,
    pub(in crate::sandbox) version: String,
    pub(in crate::sandbox) created_at: DateTime<Utc>,
    pub(in crate::sandbox) configuration: Configuration,
}

/// A deployment. Its owner is the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Deployment {
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) release: Release,
    pub(in crate::sandbox) last_used: Option<Instant>,
    pub(in crate::sandbox) sequence: u64,
}
