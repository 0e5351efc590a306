//! From a project and a plan to a build: everything that has to be known before the daemon is asked.
//!
//! The choices themselves (base image, packages, Dockerfile) are made in `cog`, which asks nobody; here the registry is asked for the
//! base image, the files that a build names are read, and secrets get their values.

mod base_image;
mod environment;
mod error;
mod labels;
mod places;
mod sources;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use environment::BuildEnvironment;
pub use error::PrepareError;

use crate::build::request::{BuildRequest, SchemaSource};
use crate::clients::registry::Registry;
use crate::cog::base_image::{CogBaseUse, DEFAULT_REGISTRY_HOST};
use crate::cog::project::Project;
use crate::cog::recipe::{self, RecipeFacts};
use crate::cog::sdk;
use crate::domain::plan::{BuildPlan, Builder};

/// The time that files in an image get when nothing else is asked for: 1 January 1980, the earliest that a zip archive, and with it
/// a Python wheel that a build step makes, can hold.
const EARLIEST_ZIP_TIME: u64 = 315_532_800;

/// Prepares the build of a project whose configuration has no errors.
///
/// `schema` is the document that was read from the source; SDKs before 0.19 are asked for theirs once the image is built. `image_name`
/// is `repository:tag`, `model` the name that events of the build carry. `registry` is that of `environment.registry_host`; it is
/// asked for the `cog-base` image when that is also where those are (`cog_registry_host`).
pub async fn prepare(
    project: &Project,
    plan: &BuildPlan,
    schema: Option<&Value>,
    image_name: &str,
    model: Option<&str>,
    registry: Option<&dyn Registry>,
    environment: &BuildEnvironment,
) -> Result<BuildRequest, PrepareError> {
    refuse_unsupported(project, plan)?;
    let schema = schema_source(project, schema)?;
    let secrets = sources::secrets(plan, &project.folder, &environment.variables).await?;
    let mut facts = RecipeFacts {
        config_name: project.config_file.rsplit('/').next().unwrap_or(&project.config_file).to_owned(),
        requirements: project.requirements.clone(),
        dockerfile: sources::dockerfile(plan, &project.folder).await?,
        sdk: project.sdk.clone(),
        newest_sdk: sdk::NEWEST_KNOWN,
        registry_host: host_of_cog_base(environment).to_owned(),
        cog_base: match plan.use_cog_base_image {
            None => CogBaseUse::Auto,
            Some(true) => CogBaseUse::Required,
            Some(false) => CogBaseUse::Never,
        },
        uv: environment.uv,
        ca_certificate: sources::certificate(environment)?,
        ..RecipeFacts::default()
    };
    let shown = |error| PrepareError::Recipe(places::of_error(error, project, plan));
    let candidate = recipe::cog_base_candidate(&project.config, &facts).map_err(shown)?;
    let asked = base_image::ask(candidate.as_deref(), registry, environment).await;
    facts.cog_base_answer = asked.answer;
    let planned = recipe::plan(&project.config, &facts).map_err(shown)?;
    let mut recipe = places::of_recipe(planned, project, plan);
    recipe.decisions.insert(0, project.sdk_decision.clone());
    Ok(BuildRequest {
        model: model.map(str::to_owned),
        project: project.folder.clone(),
        unsent: plan.unsent.clone(),
        labels: labels::labels(project, &recipe, environment),
        base_layers: asked.layers.filter(|_| recipe.uses_cog_base),
        recipe,
        image_name: image_name.to_owned(),
        schema,
        secrets,
        no_cache: plan.no_cache,
        source_date_epoch: environment.source_date_epoch.unwrap_or(EARLIEST_ZIP_TIME),
    })
}

/// Where `cog-base` images are.
fn host_of_cog_base(environment: &BuildEnvironment) -> &str {
    match environment.cog_registry_host.trim() {
        "" => DEFAULT_REGISTRY_HOST,
        host => host,
    }
}

/// What this program does not build is told before anything is asked or read.
fn refuse_unsupported(project: &Project, plan: &BuildPlan) -> Result<(), PrepareError> {
    let refuse = |what, hint, location| Err(PrepareError::Unsupported { what, hint, location });
    if plan.builder == Builder::Cog {
        return refuse("a build by the official cog program (`builder: cog`)", "use `builder: native`", None);
    }
    if plan.separate_weights {
        return refuse("weights in an image of their own (`separate_weights`)", "leave the setting out", None);
    }
    if let Some(weights) = project.config.weights.first() {
        let hint = "download the weights in setup(), or put them into the project";
        return refuse("managed weights (`weights` in cog.yaml)", hint, Some(weights.location.clone()));
    }
    Ok(())
}

fn schema_source(project: &Project, schema: Option<&Value>) -> Result<SchemaSource, PrepareError> {
    match (project.sdk.schema_source(), schema) {
        (sdk::SchemaSource::Image, _) => Ok(SchemaSource::FromImage),
        (sdk::SchemaSource::Source, Some(schema)) => Ok(SchemaSource::Static(schema.clone())),
        (sdk::SchemaSource::Source, None) => Err(PrepareError::SchemaMissing { file: project.config_file.clone() }),
    }
}
