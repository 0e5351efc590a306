//! The version that users run now.

use serde_json::Value;

use crate::clients::replicate::{Replicate, ReplicateError};
use crate::domain::identity::{ModelRef, VersionRef};

#[derive(Debug, Clone, PartialEq)]
pub struct LiveVersion {
    pub version: VersionRef,
    /// Its schema. Very old versions have none.
    pub schema: Option<Value>,
}

/// The newest version of a model; `None` if the model does not exist or has no version. Official models do not list their versions, but
/// return the newest.
pub(crate) async fn live_version(replicate: &dyn Replicate, model: &ModelRef) -> Result<Option<LiveVersion>, ReplicateError> {
    let latest = replicate.model(model).await?.and_then(|found| found.latest_version);
    Ok(latest.map(|version| LiveVersion {
        version: VersionRef { model: model.clone(), id: version.id },
        schema: version.openapi_schema,
    }))
}
