//! Deployments and their releases.

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// The hardware and scaling of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) hardware: String,
    pub(crate) min_instances: u64,
    pub(crate) max_instances: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Release {
    /// Counts updates, from 1.
    pub(crate) number: u64,
    pub(crate) model: String,
    pub(crate) version: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) configuration: Configuration,
}

/// A deployment of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployment {
    pub(crate) name: String,
    pub(crate) release: Release,
    pub(crate) last_used: Option<Instant>,
    pub(crate) sequence: u64,
}
