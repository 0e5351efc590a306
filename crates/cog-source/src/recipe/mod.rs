//! From `cog.yaml` and facts to a Dockerfile that knows where each of its steps comes from.
//!
//! [`cog_base_candidate`] names the one image that a registry must be asked about; [`plan`] does the rest. Both see the same
//! choices, made once in `choices`. Models rely on Cog's order of instructions, so it is kept (`docs/reference/cog.md#instructions`): the
//! certificate first, `build.run` after all packages, then `pre_install`, and the project's files at the end.

mod choices;
mod error;
mod facts;
mod official;

#[cfg(test)]
mod tests;

pub use error::RecipeError;
pub use facts::{DaemonFeatures, RecipeFacts, SourceText, WeightsImage};

pub use crate::dockerfile::system::UvSource;

use std::collections::BTreeMap;

use choices::Choices;
use cog_findings::{Finding, Location};

use crate::base_image::BaseImageKind;
use crate::config::CogConfig;
use crate::decision::Decision;
use crate::dockerfile::{Writer, certificate, custom, packages, project, system};
use crate::weights::WeightSelection;

/// Everything that a build needs besides the project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipe {
    /// The image that the build starts from.
    pub base_image: String,
    /// The Dockerfile.
    pub dockerfile: String,
    /// The project's file that is the Dockerfile, when it is no generated one.
    pub dockerfile_of_the_project: Option<String>,
    /// Variables that are set on the image once it is built.
    pub environment_on_top: BTreeMap<String, String>,
    /// Files to add to the build context.
    pub files: Vec<RecipeFile>,
    /// The instructions, in order, each with its origin.
    pub steps: Vec<RecipeStep>,
    /// What was chosen, and why.
    pub decisions: Vec<Decision>,
    /// What is worth knowing about the choices; never an error.
    pub findings: Vec<Finding>,
    /// What pip is given, line by line, with where each line stems from.
    pub requirements: Vec<(String, Option<Location>)>,
    /// CUDA and cuDNN of a GPU model, for the labels.
    pub cuda: Option<(String, String)>,
    /// Whether the build starts from a `cog-base` image, whose layers the labels name.
    pub uses_cog_base: bool,
    /// The build that must come first, for weights in an image of their own.
    pub weights: Option<WeightsRecipe>,
}

/// A file of the build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeFile {
    /// The path within the context.
    pub path: String,
    /// The contents.
    pub contents: Vec<u8>,
}

/// An instruction of the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeStep {
    /// The line of the Dockerfile that it begins on, from 1.
    pub dockerfile_line: usize,
    /// What made it necessary; `None` for what every image has.
    pub origin: Option<Location>,
    /// What it does, in a few words.
    pub title: String,
}

/// The image that holds nothing but weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightsRecipe {
    /// The name it must be built under.
    pub image: String,
    /// Its Dockerfile.
    pub dockerfile: String,
    /// What it holds, and the context of the main build leaves out.
    pub selection: WeightSelection,
}

/// The `cog-base` image to ask the registry about before [`plan`]; `None` when there is nothing to ask.
pub fn cog_base_candidate(config: &CogConfig, facts: &RecipeFacts) -> Result<Option<String>, RecipeError> {
    if facts.dockerfile.is_some() {
        return Ok(None);
    }
    Choices::cog_base_candidate(config, facts)
}

/// Plans the build of a configuration without errors.
pub fn plan(config: &CogConfig, facts: &RecipeFacts) -> Result<Recipe, RecipeError> {
    if let Some(source) = &facts.dockerfile {
        return Ok(plan_custom(config, facts, source));
    }
    let choices = Choices::make(config, facts)?;
    if facts.peer_exact {
        return Ok(plan_official(config, facts, choices));
    }
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
    project::commands(&mut writer, config.build.run.iter().chain(&config.build.pre_install));
    if let Some(weights) = &facts.weights {
        project::weights(&mut writer, &weights.selection, facts.daemon.copy_link);
    }
    project::start(&mut writer, &start(config, facts));
    project::copy(&mut writer, &facts.config_name, facts.daemon.copy_exclude);

    let (dockerfile, steps) = writer.finish();
    Ok(Recipe {
        base_image: choices.base.reference,
        dockerfile,
        dockerfile_of_the_project: None,
        environment_on_top: BTreeMap::new(),
        files,
        steps,
        decisions: choices.decisions,
        findings: choices.findings,
        requirements: choices.prepared.lines,
        cuda: choices.cuda,
        uses_cog_base: is_cog_base,
        weights: facts.weights.as_ref().map(weights_recipe),
    })
}

/// The official instructions, with the choices that the official program makes. To be looked at, not to be built.
fn plan_official(config: &CogConfig, facts: &RecipeFacts, choices: Choices) -> Recipe {
    let (dockerfile, steps) = official::write(config, facts, &choices);
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

/// Requirements and SDK. The SDK comes last, so that a new one leaves the layers of large requirements alone; only Cog up to
/// 0.16 put it first in `cog-base` images.
fn write_packages(writer: &mut Writer, config: &CogConfig, facts: &RecipeFacts, choices: &Choices) -> Option<RecipeFile> {
    let pip = packages::Pip {
        breaks_system_packages: choices.base.kind == BaseImageKind::Cuda || choices.has_managed_python(),
        strips: facts.strip,
    };
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

/// What the server is told. Servers before 0.17 read `/src/cog.yaml` themselves.
fn start<'a>(config: &'a CogConfig, facts: &RecipeFacts) -> project::Start<'a> {
    if !facts.sdk.needs_type_stubs() {
        return project::Start { predict: None, train: None, concurrency: None };
    }
    project::Start { predict: config.predict.as_ref(), train: config.train.as_ref(), concurrency: concurrency(config, facts) }
}

/// The concurrency of `cog.yaml`, else of the decorator.
fn concurrency<'a>(config: &'a CogConfig, facts: &RecipeFacts) -> Option<(u32, Option<&'a Location>)> {
    match &config.concurrency {
        Some(written) => Some((written.max.value, Some(&written.max.location))),
        None => facts.concurrency.map(|max| (max, None)),
    }
}

fn plan_custom(config: &CogConfig, facts: &RecipeFacts, source: &SourceText) -> Recipe {
    let custom = custom::read(&source.text, &source.file);
    let mut decisions = vec![Decision::new("Dockerfile", &source.file, "it was asked for; nothing of `build` in cog.yaml is used")];
    // Its author cannot know what a decorator says.
    let concurrency = concurrency(config, facts).map(|(max, _origin)| ("COG_MAX_CONCURRENCY".to_owned(), max.to_string()));
    if let Some((variable, max)) = &concurrency {
        let chosen = format!("{variable}={max}");
        decisions.push(Decision::new("environment", &chosen, "the model asks for it; it is set on top of the Dockerfile"));
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
