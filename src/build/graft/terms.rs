//! The models between which grafts are made, and the requirements for a version.

use chrono::{DateTime, Utc};

use crate::domain::identity::ModelRef;
use crate::support::SecretString;

/// The models between which grafts are made, and a secret that only those who may push to them have.
#[derive(Debug, Clone, Copy)]
pub struct GraftScope<'a> {
    pub live: &'a ModelRef,
    pub test: &'a ModelRef,
    /// The password of the registry.
    pub key: &'a SecretString,
}

/// The requirements for a version.
#[derive(Debug, Clone, Copy)]
pub struct GraftTerms<'a> {
    pub scope: GraftScope<'a>,
    /// How old its full build may be.
    pub days: u64,
    pub now: DateTime<Utc>,
}
