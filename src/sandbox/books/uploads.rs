//! Files given to `POST /files`.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// An uploaded file; its content is in the file store under the same id.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sandbox) struct Upload {
    pub(in crate::sandbox) id: String,
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) content_type: String,
    pub(in crate::sandbox) size: u64,
    pub(in crate::sandbox) sha256: String,
    pub(in crate::sandbox) metadata: Value,
    pub(in crate::sandbox) created_at: DateTime<Utc>,
    pub(in crate::sandbox) expires_at: DateTime<Utc>,
    pub(in crate::sandbox) sequence: u64,
}
