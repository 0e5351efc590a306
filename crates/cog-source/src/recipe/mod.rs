//! From `cog.yaml` and facts to a Dockerfile in which each step has its origin.
//!
//! [`cog_base_candidate`] names the one image that a registry must be asked about; [`plan`] does the rest. Both share the choices made in
//! `choices`. Models rely on Cog's order of instructions, so it is kept (`docs/reference/cog.md#instructions`): the certificate first,
//! `build.run` after all packages, then `pre_install`, and the project's files at the end.

mod choices;
mod cog_cli;
mod conventions;
mod error;
mod facts;
mod source_part;

#[cfg(test)]
mod tests;

pub use crate::base_image::BaseImageError;
pub use crate::cuda::CudaError;
pub use crate::requirements::BUILD_FOLDER as LOCAL_ARTIFACTS;
pub use conventions::Conventions;
pub use error::RecipeError;
pub use facts::{DaemonFeatures, RecipeFacts, SourceText, WeightsImage};
pub use source_part::SourcePart;

pub use crate::dockerfile::system::UvSource;
pub use crate::dockerfile::{RecipeFile, RecipeStep, SecretMark};

use std::collections::BTreeMap;

use choices::Choices;
use cog_findings::{Finding, Location};

use crate::base_image::BaseImageKind;
use crate::config::CogConfig;
use crate::decision::Decision;
use crate::dockerfile::{Writer, certificate, custom, packages, project, system};
use crate::weights::WeightSelection;

/// Everything that a build needs in addition to the project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipe {
    /// The image that the build starts from.
    pub base_image: String,
    pub dockerfile: String,
    /// The file of the project that is used as Dockerfile; `None` when the Dockerfile is generated.
    pub dockerfile_of_the_project: Option<String>,
    /// Variables to set on the built image.
    pub environment_on_top: BTreeMap<String, String>,
    /// Files to add to the build context.
    pub files: Vec<RecipeFile>,
    /// Files to add to the build context whose content has to change with a build secret.
    pub secret_marks: Vec<SecretMark>,
    /// The instructions with their origins, in order.
    pub steps: Vec<RecipeStep>,
    /// The choices and their reasons.
    pub decisions: Vec<Decision>,
    /// Findings about the choices. None of them is an error.
    pub findings: Vec<Finding>,
    /// The requirements for pip, line by line, with their origins.
    pub requirements: Vec<(String, Option<Location>)>,
    /// CUDA and cuDNN of a GPU model, for the labels.
    pub cuda: Option<(String, String)>,
    /// Whether the build starts from a `cog-base` image, whose layers the labels name.
    pub uses_cog_base: bool,
    /// The build that has to run first, for weights in a separate image.
    pub weights: Option<WeightsRecipe>,
    /// What depends on the project's own source; `None` where that cannot be told apart from the rest.
    pub source: Option<SourcePart>,
}

/// The image with the weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightsRecipe {
    /// The name to build it under.
    pub image: String,
    pub dockerfile: String,
    /// The files in it, which the context of the main build excludes.
    pub selection: WeightSelection,
}

/// The `cog-base` image to ask the registry about before [`plan`], if any.
pub fn cog_base_candidate(config: &CogConfig, facts: &RecipeFacts) -> Result<Option<String>, RecipeError> {
    if facts.dockerfile.is_some() {
        return Ok(None);
    }
    Choices::cog_base_candidate(config, facts)
}

/// Plans the build of a configuration that has no errors.
///
/// # Errors
/// The requirements cannot be installed, or no CUDA version or base image fits.
///
/// ```
/// use cog_source::config::parse;
/// use cog_source::recipe::{RecipeFacts, plan};
///
/// let parsed = parse("build:\n  python_version: \"3.12\"\nrun: run.py:Runner\n", "cog.yaml");
/// let recipe = plan(&parsed.config.unwrap(), &RecipeFacts::default()).unwrap();
/// assert_eq!(recipe.base_image, "python:3.12-slim");
/// assert!(recipe.dockerfile.starts_with("FROM python:3.12-slim\n"));
/// ```
pub fn plan(config: &CogConfig, facts: &RecipeFacts) -> Result<Recipe, RecipeError> {
    if let Some(source) = &facts.dockerfile {
        return Ok(plan_custom(config, facts, source));
    }
    let choices = Choices::make(config, facts)?;
    Ok(match facts.conventions {
        Conventions::Corrected => plan_corrected(config, facts, choices),
        Conventions::CogCli => plan_like_cog_cli(config, facts, choices),
    })
}

fn plan_corrected(config: &CogConfig, facts: &RecipeFacts, choices: Choices) -> Recipe {
    let mut writer = Writer::default();
    let mut files = Vec::new();
    if let Some(syntax) = &facts.daemon.syntax {
        writer.comment(&format!("# syntax={syntax}"));
    }
    if let Some(weights) = &facts.weights {
        let title = "take the weights from their own image";
        writer.standard(&format!("FROM {} AS {}", weights.image, project::WEIGHTS_STAGE), title);
    }
    let base_title = format!("start from {}", choices.base.reference);
    writer.instruction(&format!("FROM {}", choices.base.reference), choices.base_origin(config), base_title);
    files.extend(system::mount_points(&mut writer));
    let is_cog_base = choices.base.kind == BaseImageKind::CogBase;
    if !is_cog_base {
        system::preamble(&mut writer);
    }
    if let Some(pem) = &facts.ca_certificate {
        files.push(certificate::install(&mut writer, pem));
    }
    if !is_cog_base {
        system::tini(&mut writer);
    }
    system::environment(&mut writer, &config.environment);
    system::packages(&mut writer, &config.build.system_packages, is_cog_base);
    let python_origin = config.build.python_version.as_ref().map(|python| &python.location);
    match choices.base.kind {
        BaseImageKind::Cuda => system::python_by_uv(&mut writer, &choices.python, choices.uv, python_origin),
        BaseImageKind::CogBase if choices.has_managed_python() => {
            system::python_alias(&mut writer);
            system::uv(&mut writer, choices.uv);
        }
        BaseImageKind::CogBase | BaseImageKind::PythonSlim => system::uv(&mut writer, choices.uv),
    }
    files.extend(write_packages(&mut writer, config, facts, &choices));
    if facts.precompile {
        packages::precompile(&mut writer);
    }
    if !is_cog_base {
        system::linker_cache(&mut writer);
    }
    let commands = || config.build.run.iter().chain(&config.build.pre_install);
    if has_managed_python(&choices) && commands().next().is_some() {
        project::allow_pip(&mut writer);
    }
    let secret_marks = project::commands(&mut writer, commands());
    if let Some(weights) = &facts.weights {
        project::weights(&mut writer, &weights.selection, facts.daemon.copy_link);
    }
    let variables = project::start(&mut writer, &start(config, facts));
    let copy_command = project::copy(&mut writer, &facts.config_name, facts.daemon.copy_exclude);
    let source = SourcePart::of(config, facts, writer.kept(), variables, copy_command, &choices.prepared);

    let (dockerfile, steps) = writer.finish();
    Recipe {
        base_image: choices.base.reference,
        dockerfile,
        dockerfile_of_the_project: None,
        environment_on_top: BTreeMap::new(),
        files,
        secret_marks,
        steps,
        decisions: choices.decisions,
        findings: choices.findings,
        requirements: choices.prepared.lines,
        cuda: choices.cuda,
        uses_cog_base: is_cog_base,
        weights: facts.weights.as_ref().map(weights_recipe),
        source,
    }
}

fn plan_like_cog_cli(config: &CogConfig, facts: &RecipeFacts, choices: Choices) -> Recipe {
    let (dockerfile, steps) = cog_cli::write(config, facts, &choices);
    Recipe {
        uses_cog_base: choices.base.kind == BaseImageKind::CogBase,
        base_image: choices.base.reference,
        dockerfile,
        steps,
        decisions: choices.decisions,
        findings: choices.findings,
        requirements: choices.prepared.lines,
        cuda: choices.cuda,
        ..Recipe::default()
    }
}

/// Installs requirements and SDK. The SDK comes last, so that a new one does not change the layers of large requirements. Only Cog up to
/// 0.16 puts it first in `cog-base` images.
fn write_packages(writer: &mut Writer, config: &CogConfig, facts: &RecipeFacts, choices: &Choices) -> Option<RecipeFile> {
    let pip = packages::Pip { breaks_system_packages: has_managed_python(choices), strips: facts.strip };
    let requirements_origin = choices.requirements_origin(config);
    let sdk_origin = config.build.sdk_version.as_ref().map(|sdk| &sdk.location);
    let sdk_first = facts.sdk.is_legacy() && choices.base.kind == BaseImageKind::CogBase;
    if sdk_first {
        packages::sdk(writer, pip, &facts.sdk, &facts.newest_sdk, sdk_origin);
    }
    let file = packages::requirements(writer, pip, &choices.prepared, requirements_origin.as_ref());
    if !sdk_first {
        packages::sdk(writer, pip, &facts.sdk, &facts.newest_sdk, sdk_origin);
    }
    file
}

/// Whether uv installed Python, in the base image or on top of it, and marked it as its own.
fn has_managed_python(choices: &Choices) -> bool {
    choices.base.kind == BaseImageKind::Cuda || choices.has_managed_python()
}

/// The variables of the server. Servers before 0.17 read `/src/cog.yaml` instead.
fn start<'a>(config: &'a CogConfig, facts: &RecipeFacts) -> project::Start<'a> {
    if !facts.sdk.needs_type_stubs() {
        return project::Start { predict: None, train: None, concurrency: None };
    }
    project::Start { predict: config.predict.as_ref(), train: config.train.as_ref(), concurrency: concurrency(config, facts) }
}

/// The concurrency of `cog.yaml`, or else of the decorator.
fn concurrency<'a>(config: &'a CogConfig, facts: &RecipeFacts) -> Option<(u32, Option<&'a Location>)> {
    match &config.concurrency {
        Some(written) => Some((written.max.value, Some(&written.max.location))),
        None => facts.concurrency.map(|max| (max, None)),
    }
}

fn plan_custom(config: &CogConfig, facts: &RecipeFacts, source: &SourceText) -> Recipe {
    let custom = custom::read(&source.text, &source.file);
    let mut decisions = vec![Decision::new("Dockerfile", &source.file, "it was requested; `build` in cog.yaml is not used")];
    // The Dockerfile cannot know about the decorator.
    let concurrency = concurrency(config, facts).map(|(max, _origin)| ("COG_MAX_CONCURRENCY".to_owned(), max.to_string()));
    if let Some((variable, max)) = &concurrency {
        let chosen = format!("{variable}={max}");
        decisions.push(Decision::new("environment", &chosen, "the model requests it; it is set on top of the Dockerfile"));
    }
    Recipe {
        base_image: custom.base_image,
        dockerfile: source.text.clone(),
        dockerfile_of_the_project: Some(source.file.clone()),
        environment_on_top: concurrency.into_iter().collect(),
        steps: custom.steps,
        decisions,
        ..Recipe::default()
    }
}

fn weights_recipe(weights: &WeightsImage) -> WeightsRecipe {
    WeightsRecipe {
        image: weights.image.clone(),
        dockerfile: project::weights_dockerfile(&weights.selection),
        selection: weights.selection.clone(),
    }
}
