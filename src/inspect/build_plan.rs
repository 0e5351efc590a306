//! Finds mistakes that would fail a build, without building: a missing requirements file, a CUDA version that does not exist.
//!
//! Whether the registry has the base image is left to the build.

use cog_findings::Finding;
use cog_source::project::Project;
use cog_source::recipe::{RecipeError, RecipeFacts, plan};

use super::signature::in_repository;
use crate::domain::plan::BuildPlan;

/// Findings about the build of a project. The configuration must have no errors.
pub(super) fn check(project: &Project, build: &BuildPlan) -> Vec<Finding> {
    if build.dockerfile.is_some() || build.image.is_some() {
        return Vec::new();
    }
    let facts = RecipeFacts { requirements: project.requirements.clone(), sdk: project.sdk.clone(), ..RecipeFacts::default() };
    let findings = match plan(&project.config, &facts) {
        Ok(recipe) => recipe.findings,
        Err(RecipeError::BaseImage { .. }) => Vec::new(),
        Err(error) => error.findings(),
    };
    let of_requirements = |finding: &Finding| match (&finding.location, &project.requirements) {
        (Some(location), Some(source)) => location.file == source.file,
        _ => false,
    };
    // Locations in cog.yaml are relative to the repository already.
    findings.into_iter().map(|finding| if of_requirements(&finding) { in_repository(finding, project) } else { finding }).collect()
}
