//! The version that users run now.

use serde_json::Value;

use crate::clients::replicate::{Replicate, ReplicateError};
use crate::domain::identity::{ModelRef, VersionRef};

#[derive(Debug, Clone, PartialEq)]
pub struct LiveVersion {
    pub version: VersionRef,
    /// Its schema. Very old versions have none.
    pub schema: Option<Value>,
    /// The version of Cog that built it, as Replicate reports it.
    pub cog_version: Option<String>,
}

/// What Replicate says about a live model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LiveModel {
    /// It does not exist, or the token cannot see it.
    Missing,
    /// It has no version yet.
    Empty,
    /// Its newest version. Official models do not list their versions, but return the newest.
    Version(LiveVersion),
}

impl LiveModel {
    /// Its newest version.
    pub(crate) fn version(self) -> Option<LiveVersion> {
        match self {
            Self::Version(version) => Some(version),
            Self::Missing | Self::Empty => None,
        }
    }
}

/// Asks Replicate about a model.
pub(crate) async fn live_model(replicate: &dyn Replicate, model: &ModelRef) -> Result<LiveModel, ReplicateError> {
    let Some(found) = replicate.model(model).await? else { return Ok(LiveModel::Missing) };
    Ok(match found.latest_version {
        Some(version) => LiveModel::Version(LiveVersion {
            version: VersionRef { model: model.clone(), id: version.id },
            schema: version.openapi_schema,
            cog_version: version.cog_version,
        }),
        None => LiveModel::Empty,
    })
}
