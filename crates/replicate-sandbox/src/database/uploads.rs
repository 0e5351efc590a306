//! Files uploaded with `POST /files`.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// An uploaded file. Its content is in the file store under the same id.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) size: u64,
    pub(crate) sha256: String,
    pub(crate) metadata: Value,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) sequence: u64,
}
