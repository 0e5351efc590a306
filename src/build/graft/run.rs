//! The graft itself.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::candidate::Candidate;
use super::config::{New, config};
use super::layer::Layer;
use super::terms::GraftTerms;
use super::{Ingredients, NoGraft, layer};
use crate::build::context::{ContextError, ContextFiles};
use crate::build::{BuildRequest, SchemaSource};
use crate::clients::registry::{FileBlob, ImageManifest, RegistryWriter};
use crate::domain::identity::{ImageDigest, VersionRef};

/// An image that is not in a registry yet: layers of a version, and two new ones.
#[derive(Debug, Clone)]
pub struct Graft {
    /// The version whose layers it keeps.
    pub on: VersionRef,
    /// When that version's full build was made.
    pub built_at: DateTime<Utc>,
    /// Its manifest, whose configuration is still the version's own.
    pub manifest: ImageManifest,
    /// Its configuration.
    pub config: Bytes,
    /// The new layers.
    pub layers: Vec<FileBlob>,
    /// Its layers, unpacked, in order.
    pub diff_ids: Vec<ImageDigest>,
    /// Its OpenAPI document.
    pub schema: Value,
    /// The size of the project's layer, packed.
    pub project_bytes: u64,
}

/// Makes a graft on the first version that allows it.
///
/// # Errors
/// Why the first of them did not allow it, or why the project does not.
pub async fn graft(
    request: &BuildRequest,
    ingredients: &Ingredients,
    versions: &[VersionRef],
    terms: &GraftTerms<'_>,
    writer: &dyn RegistryWriter,
) -> Result<Graft, NoGraft> {
    let SchemaSource::Static(schema) = &request.schema else { return Err(NoGraft::SchemaInImage) };
    let Some(source) = &request.recipe.source else { return Err(NoGraft::ServerVariables) };
    let on = choose(ingredients, &source.copy_command, versions, terms, writer).await?;
    // The same text as in the label, as in a build.
    let text = schema.to_string();
    let (project, schema_layer) = tokio::try_join!(
        project_layer(request, source.renamed_config.as_deref()),
        layer::schema(&text, request.source_date_epoch)
    )?;
    let new = New {
        request,
        source,
        schema: &text,
        project_layer: &project.diff_id,
        schema_layer: &schema_layer.diff_id,
        made_at: terms.now,
    };
    let (config, diff_ids) = config(&on, &new)?;
    let layers = on.recipe.layers;
    let replaced = [(layers.project, project.packed.blob.clone()), (layers.schema, schema_layer.packed.blob.clone())];
    Ok(Graft {
        built_at: on.recipe.built_at,
        manifest: on.manifest.with_layers(&replaced),
        on: on.version,
        config: Bytes::from(config),
        diff_ids,
        schema: schema.clone(),
        project_bytes: project.packed.blob.size_bytes,
        layers: vec![project.packed, schema_layer.packed],
    })
}

async fn choose(
    ingredients: &Ingredients,
    copy_command: &str,
    versions: &[VersionRef],
    terms: &GraftTerms<'_>,
    writer: &dyn RegistryWriter,
) -> Result<Candidate, NoGraft> {
    let mut reason = None;
    for version in versions {
        let tried = async {
            let candidate = Candidate::read(version, writer).await?;
            candidate.check(ingredients, copy_command, terms)?;
            candidate.check_layers(writer).await?;
            Ok(candidate)
        };
        match tried.await {
            Ok(candidate) => return Ok(candidate),
            Err(error) => reason = reason.or(Some(error)),
        }
    }
    Err(reason.unwrap_or(NoGraft::NoVersion))
}

async fn project_layer(request: &BuildRequest, renamed_config: Option<&str>) -> Result<Layer, NoGraft> {
    let (project, unsent) = (request.project.clone(), request.unsent.clone());
    let weights = request.recipe.weights.as_ref().map(|weights| weights.selection.clone());
    let scanned = tokio::task::spawn_blocking(move || {
        let files = ContextFiles::scan(&project, &unsent, Vec::new())?;
        Ok::<_, ContextError>(match weights {
            Some(selection) => files.split(&selection).1,
            None => files,
        })
    });
    let scanned = scanned.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    let files = scanned.map_err(|error| NoGraft::Project { problem: error.to_string() })?;
    layer::project(files, renamed_config, request.source_date_epoch).await
}
