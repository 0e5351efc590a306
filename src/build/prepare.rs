//! Plan to request.
use std::collections::BTreeMap;

use serde_json::Value;

use crate::build::BuildRequest;
use crate::clients::ErrorKind;
use crate::clients::registry::Registry;
use crate::cog::project::Project;
use crate::domain::plan::BuildPlan;

/// The build's surroundings.
#[derive(Debug, Clone, Default)]
pub struct BuildEnvironment {
    /// The registry.
    pub registry_host: String,
    /// The registry of base images.
    pub cog_registry_host: String,
    /// A certificate.
    pub ca_certificate: Option<String>,
    /// The commit.
    pub git_revision: Option<String>,
    /// Its name.
    pub git_version: Option<String>,
    /// Time.
    pub source_date_epoch: Option<u64>,
    /// Variables.
    pub variables: BTreeMap<String, String>,
}

/// An error.
#[derive(Debug, thiserror::Error)]
#[error("failed to prepare the build")]
pub struct PrepareError;

impl PrepareError {
    /// The way out.
    pub fn hint(&self) -> Option<String> {
        None
    }

    /// Its kind.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Request
    }
}

/// Prepares.
pub async fn prepare(
    project: &Project,
    _plan: &BuildPlan,
    schema: Option<&Value>,
    image_name: &str,
    model: Option<&str>,
    _registry: Option<&dyn Registry>,
    _environment: &BuildEnvironment,
) -> Result<BuildRequest, PrepareError> {
    Ok(BuildRequest {
        model: model.map(str::to_owned),
        project: project.folder.clone(),
        recipe: crate::cog::recipe::Recipe::default(),
        image_name: image_name.to_owned(),
        labels: BTreeMap::new(),
        schema: schema.map_or(crate::build::SchemaSource::FromImage, |schema| crate::build::SchemaSource::Static(schema.clone())),
        secrets: vec![],
        no_cache: false,
        source_date_epoch: 0,
    })
}
