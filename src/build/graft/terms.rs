//! Between which models grafts are made, and what they are made on.

use chrono::{DateTime, Utc};

use crate::domain::identity::ModelRef;
use crate::support::SecretString;

/// The models that grafts are made between, and the secret that only who may push to them has.
#[derive(Debug, Clone, Copy)]
pub struct GraftScope<'a> {
    pub live: &'a ModelRef,
    pub test: &'a ModelRef,
    /// The password of the registry.
    pub key: &'a SecretString,
}

/// What a version has to fulfil.
#[derive(Debug, Clone, Copy)]
pub struct GraftTerms<'a> {
    pub scope: GraftScope<'a>,
    /// How old its full build may be.
    pub days: u64,
    pub now: DateTime<Utc>,
}
