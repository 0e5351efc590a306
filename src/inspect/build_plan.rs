//! Finds mistakes that would fail a build, without building: a missing requirements file, a CUDA version that does not exist.
//!
//! Whether the registry has the base image is left to the build.

use std::path::Path;

use cog_findings::{Finding, Location};
use cog_source::project::Project;
use cog_source::recipe::{Conventions, LOCAL_ARTIFACTS, Recipe, RecipeError, RecipeFacts, plan};

use super::rules;
use super::signature::in_repository;
use crate::domain::plan::{BuildPlan, Builder};

/// Findings about the build of a project. The configuration must have no errors.
pub(crate) fn check(project: &Project, build: &BuildPlan) -> Vec<Finding> {
    if build.dockerfile.is_some() || build.image.is_some() {
        return Vec::new();
    }
    let is_official = build.builder == Builder::Cog;
    let mut findings = match planned(project, build) {
        Ok(recipe) => {
            let mut findings = recipe.findings.clone();
            findings.extend(about_packages(&recipe, project));
            findings
        }
        Err(RecipeError::BaseImage { .. }) => Vec::new(),
        Err(error) => error.findings(),
    };
    findings.extend(project_itself(project));
    if !is_official {
        findings.extend(unsupported(project));
    }
    let of_requirements = |finding: &Finding| match (&finding.location, &project.requirements) {
        (Some(location), Some(source)) => location.file == source.file,
        _ => false,
    };
    // Locations in cog.yaml are relative to the repository already.
    findings.into_iter().map(|finding| if of_requirements(&finding) { in_repository(finding, project) } else { finding }).collect()
}

/// The choices of a build that is generated from `cog.yaml`.
pub(super) fn planned(project: &Project, build: &BuildPlan) -> Result<Recipe, RecipeError> {
    let is_official = build.builder == Builder::Cog;
    // The Cog CLI of these releases is not reproduced.
    let conventions = if is_official && !project.sdk.is_legacy() { Conventions::CogCli } else { Conventions::Corrected };
    let facts =
        RecipeFacts { requirements: project.requirements.clone(), sdk: project.sdk.clone(), conventions, ..RecipeFacts::default() };
    plan(&project.config, &facts)
}

/// What only the Cog CLI can build.
fn unsupported(project: &Project) -> Vec<Finding> {
    let finding = |what: &str, location: &Location| {
        let finding = Finding::new(&rules::BUILD_UNSUPPORTED, format!("safe-push cannot build {what} itself"));
        finding.at(location.clone()).hint("build with the Cog CLI (`--builder cog`)")
    };
    let config = &project.config;
    let weights = config.weights.first().map(|weights| finding("managed weights (`weights` in cog.yaml)", &weights.location));
    let bundle = config.model.as_ref().map(|model| finding("a bundle (`model` in cog.yaml)", &model.location));
    weights.or(bundle).into_iter().collect()
}

/// Packages that pip would not find.
fn about_packages(recipe: &Recipe, project: &Project) -> Vec<Finding> {
    let has_git =
        !recipe.base_image.starts_with("python:") || project.config.build.system_packages.iter().any(|name| name.value == "git");
    let mut findings = Vec::new();
    for (line, origin) in &recipe.requirements {
        let located = |finding: Finding| origin.clone().into_iter().fold(finding, Finding::at);
        if let Some(path) = line.strip_prefix(LOCAL_ARTIFACTS).and_then(|rest| rest.strip_prefix('/'))
            && repository_files::open(&project.folder, Path::new(path)).is_err()
        {
            let finding = Finding::new(&rules::REQUIREMENT_FILE_MISSING, format!("{} does not exist", project.shown(path)));
            findings.push(located(finding.hint("add it to the project, or name a package of an index")));
        }
        let is_fetched =
            line.starts_with("git+") || line.split_once('@').is_some_and(|(_, target)| target.trim().starts_with("git+"));
        if is_fetched && !has_git {
            let message = format!("the package is fetched with git, which {} does not have", recipe.base_image);
            let finding = Finding::new(&rules::GIT_MISSING, message);
            findings.push(located(finding.hint("add git to build.system_packages, or name a released version")));
        }
    }
    findings
}

/// `-e .`, which builds leave out.
fn project_itself(project: &Project) -> Vec<Finding> {
    let Some(source) = &project.requirements else { return Vec::new() };
    let is_itself = |line: &str| {
        let text = line.split(" #").next().unwrap_or(line).trim();
        text.strip_prefix("-e").is_some_and(|rest| rest.starts_with(char::is_whitespace) && rest.trim() == ".")
    };
    let lines = source.text.lines().zip(1..).filter(|(line, _)| is_itself(line));
    let finding = |number: u32| {
        Finding::new(&rules::PROJECT_NOT_INSTALLED, "the project itself is not installed")
            .at(Location { line: Some(number), ..Location::file(&source.file) })
            .hint("remove the line; files of the project can be imported from /src")
    };
    lines.map(|(_, number)| finding(number)).collect()
}
