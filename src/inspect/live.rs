//! The version that users have now.

use serde_json::Value;

use crate::clients::replicate::{Replicate, ReplicateError};
use crate::domain::identity::{ModelRef, VersionRef};

/// The live version.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveVersion {
    /// Which.
    pub version: VersionRef,
    /// Its schema; very old versions have none.
    pub schema: Option<Value>,
}

/// The newest version of a model; `None` for a model that is not there or has no version. Official models have no list of versions, but
/// tell their newest too.
pub async fn live_version(replicate: &dyn Replicate, model: &ModelRef) -> Result<Option<LiveVersion>, ReplicateError> {
    let latest = replicate.model(model).await?.and_then(|found| found.latest_version);
    Ok(latest.map(|version| LiveVersion {
        version: VersionRef { model: model.clone(), id: version.id },
        schema: version.openapi_schema,
    }))
}
