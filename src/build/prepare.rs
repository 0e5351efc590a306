//! From a project and a plan to a build: everything that must be known before the daemon is called.
//!
//! `cog-source` chooses base image, packages and Dockerfile, without any I/O. This module looks up the base image in the registry, reads
//! the files that a build names, and gets the values of secrets.

mod base_image;
mod base_image_answers;
mod environment;
mod error;
mod labels;
mod places;
mod sources;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use cog_findings::Finding;
use cog_source::base_image::{CogBaseUse, DEFAULT_REGISTRY_HOST};
use cog_source::project::Project;
use cog_source::recipe::{self, Conventions, RecipeFacts, WeightsImage};
use cog_source::sdk;
use serde_json::Value;

pub use base_image_answers::CogBaseAnswers;
pub use environment::BuildEnvironment;
pub use error::PrepareError;

use crate::build::cache_mounts::foreign_frontend;
use crate::build::context::ContextError;
use crate::build::request::{BuildRequest, SchemaSource};
use crate::build::{advice, rules, weights};
use crate::clients::docker::BuildSecret;
use crate::clients::registry::Registry;
use crate::domain::plan::{BuildPlan, Builder};
use crate::support::ExposeSecret as _;
use crate::support::secrets::weakness;

/// The default time of files in an image: 1 January 1980. It is the earliest time that a zip archive can hold, and so a Python wheel built
/// by a step.
const EARLIEST_ZIP_TIME: u64 = 315_532_800;

/// What the Python source determines about the image.
#[derive(Debug, Clone, Copy, Default)]
pub struct SourceFacts<'a> {
    /// The OpenAPI document. `None` for SDKs before 0.19: their image is asked for it after the build.
    pub schema: Option<&'a Value>,
    /// The concurrency limit in the predictor's decorator.
    pub concurrency: Option<u32>,
}

/// The values of a plan's build secrets. They are hidden everywhere from then on.
///
/// # Errors
/// When one has no value, or the checkout names a file outside of itself.
pub async fn build_secrets(
    plan: &BuildPlan,
    folder: &Path,
    environment: &BuildEnvironment,
) -> Result<Vec<BuildSecret>, PrepareError> {
    let secrets = sources::secrets(plan, folder, &environment.variables).await?;
    environment.redactor.learn(secrets.iter().map(|secret| secret.value.expose_secret()));
    Ok(secrets)
}

/// Prepares the build of a project whose configuration has no errors.
///
/// `image_name` is `repository:tag`; events of the build name `model`. `registry` is the client for `environment.registry_host`. It looks
/// up the `cog-base` image if `cog_registry_host` is the same host.
pub async fn prepare(
    project: &Project,
    plan: &BuildPlan,
    source: SourceFacts<'_>,
    image_name: &str,
    model: Option<&str>,
    registry: Option<&dyn Registry>,
    environment: &BuildEnvironment,
) -> Result<BuildRequest, PrepareError> {
    refuse_unsupported(project, plan)?;
    if environment.conventions == Conventions::CogCli && project.sdk.is_legacy() {
        let what = "the instructions of the Cog CLI before 0.17 (`--cog-exact`)";
        return Err(PrepareError::Unsupported { what, hint: "compare for a later SDK with --cog-version", location: None });
    }
    let schema = schema_source(project, source.schema)?;
    let secrets = build_secrets(plan, &project.folder, environment).await?;
    let mut facts = RecipeFacts {
        config_name: project.config_name().to_owned(),
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
        concurrency: source.concurrency,
        conventions: environment.conventions,
        strip: plan.strip,
        precompile: plan.precompile,
        weights: weights_of(project, plan).await?,
        ..RecipeFacts::default()
    };
    if let Some(image) = facts.dockerfile.as_ref().and_then(|dockerfile| foreign_frontend(&dockerfile.text))
        && environment.cache_mounts.is_alone()
    {
        return Err(PrepareError::ForeignFrontend { image: image.to_owned() });
    }
    let shown = |error| PrepareError::Recipe(places::of_error(error, project, plan));
    let candidate = recipe::cog_base_candidate(&project.config, &facts).map_err(shown)?;
    let base_image_facts = base_image::ask(candidate.as_deref(), registry, environment).await;
    facts.cog_base_answer = base_image_facts.answer;
    let planned = recipe::plan(&project.config, &facts).map_err(shown)?;
    let mut recipe = places::of_recipe(planned, project, plan);
    recipe.decisions.insert(0, project.sdk_decision.clone());
    let mut findings = recipe.findings.clone();
    // Files that cannot be sent are left to the build, which reports them.
    findings.extend(advice_about(project, plan, environment).await.unwrap_or_default());
    findings.extend(secrets.iter().filter_map(not_hidden));
    Ok(BuildRequest {
        model: model.map(str::to_owned),
        project: project.folder.clone(),
        unsent: plan.unsent.clone(),
        labels: labels::labels(project, &recipe, source.concurrency, environment),
        base_layers: base_image_facts.layers.filter(|_| recipe.uses_cog_base),
        recipe,
        image_name: image_name.to_owned(),
        schema,
        findings,
        secrets,
        proxies: environment.proxies.clone(),
        cache_mounts: environment.cache_mounts.clone(),
        redactor: environment.redactor.clone(),
        no_cache: plan.no_cache,
        source_date_epoch: environment.source_date_epoch.unwrap_or(EARLIEST_ZIP_TIME),
    })
}

/// A secret that the redactor cannot hide.
fn not_hidden(secret: &BuildSecret) -> Option<Finding> {
    let weakness = weakness(secret.value.expose_secret())?;
    let message = format!("the build secret '{}' {weakness}, and is not hidden where a build step prints it", secret.id);
    Some(Finding::new(&rules::SECRET_NOT_HIDDEN, message).hint("use a longer value; if it is not a secret, do not pass it as one"))
}

/// Where `cog-base` images are.
fn host_of_cog_base(environment: &BuildEnvironment) -> &str {
    match environment.cog_registry_host.trim() {
        "" => DEFAULT_REGISTRY_HOST,
        host => host,
    }
}

/// Rejects what safe-push cannot build, before any lookup.
fn refuse_unsupported(project: &Project, plan: &BuildPlan) -> Result<(), PrepareError> {
    let refuse = |what, hint, location| Err(PrepareError::Unsupported { what, hint, location });
    if plan.builder == Builder::Cog {
        let what = "showing the Dockerfile of a build with the Cog CLI (`builder: cog`)";
        return refuse(what, "use `builder: native`", None);
    }
    if plan.separate_weights && plan.dockerfile.is_some() {
        let hint = "leave one of them out; a Dockerfile can copy the weights before the code, in a layer of their own";
        return refuse("`separate_weights` with a custom Dockerfile", hint, None);
    }
    if let Some(weights) = project.config.weights.first() {
        let hint = "build with the Cog CLI (`--builder cog`), or download the weights in setup()";
        return refuse("a build with managed weights (`weights` in cog.yaml)", hint, Some(weights.location.clone()));
    }
    if let Some(model) = &project.config.model {
        let hint = "build with the Cog CLI (`--builder cog`), or name the image with `image`";
        return refuse("a build of a bundle (`model` in cog.yaml)", hint, Some(model.location.clone()));
    }
    Ok(())
}

/// Findings about the files to be sent.
async fn advice_about(project: &Project, plan: &BuildPlan, environment: &BuildEnvironment) -> Result<Vec<Finding>, ContextError> {
    let (folder, unsent, tokens) = (project.folder.clone(), plan.unsent.clone(), environment.tokens.clone());
    let shown_as = project.shown("");
    let looked = sources::blocking(move || {
        let tokens: Vec<_> = tokens.iter().map(|(name, value)| (name.as_str(), value)).collect();
        advice::about(&folder, &shown_as, &unsent, &tokens)
    });
    looked.await
}

/// Findings about the files that a build would send, for a check that builds nothing.
pub async fn context_findings(project: &Project, plan: &BuildPlan) -> Vec<Finding> {
    match advice_about(project, plan, &BuildEnvironment::default()).await {
        Ok(findings) => findings,
        Err(error) if plan.builder == Builder::Native => vec![advice::unusable(&error, &project.shown(""))],
        // The Cog CLI sends the files itself.
        Err(_) => Vec::new(),
    }
}

/// The weights that get their own image, if the plan asks for one and the project has any.
async fn weights_of(project: &Project, plan: &BuildPlan) -> Result<Option<WeightsImage>, PrepareError> {
    if !plan.separate_weights {
        return Ok(None);
    }
    let (folder, unsent): (PathBuf, Vec<PathBuf>) = (project.folder.clone(), plan.unsent.clone());
    Ok(sources::blocking(move || weights::find(&folder, &unsent)).await?)
}

fn schema_source(project: &Project, schema: Option<&Value>) -> Result<SchemaSource, PrepareError> {
    match (project.sdk.schema_source(), schema) {
        (sdk::SchemaSource::Image, _) => Ok(SchemaSource::FromImage),
        (sdk::SchemaSource::Source, Some(schema)) => Ok(SchemaSource::Static(schema.clone())),
        (sdk::SchemaSource::Source, None) => Err(PrepareError::SchemaMissing { file: project.config_file.clone() }),
    }
}
