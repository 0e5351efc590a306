//! Turns locations in a project into locations in the repository: `requirements.txt` of `models/a` becomes `models/a/requirements.txt`.
//!
//! `cog.yaml` has its repository path from the start. The files that it names are read by their path in the project.

use cog_findings::{Finding, Location};
use cog_source::project::Project;
use cog_source::recipe::{Recipe, RecipeError};

use super::sources::in_slashes;
use crate::domain::plan::BuildPlan;

/// The files to rename, and their project; `None` for a project at the root of its repository.
struct Renaming<'a> {
    project: &'a Project,
    files: Vec<String>,
}

impl<'a> Renaming<'a> {
    fn of(project: &'a Project, plan: &BuildPlan) -> Option<Self> {
        if project.path.is_empty() {
            return None;
        }
        let requirements = project.requirements.as_ref().map(|source| source.file.clone());
        let files = requirements.into_iter().chain(plan.dockerfile.as_deref().map(in_slashes));
        Some(Self { project, files: files.filter(|file| !file.starts_with('/')).collect() })
    }

    fn location(&self, location: &mut Location) {
        if self.files.contains(&location.file) {
            location.file = self.project.shown(&location.file);
        }
    }

    fn findings(&self, findings: &mut [Finding]) {
        findings.iter_mut().filter_map(|finding| finding.location.as_mut()).for_each(|location| self.location(location));
    }
}

/// Relocates a recipe to the repository.
pub(super) fn of_recipe(mut recipe: Recipe, project: &Project, plan: &BuildPlan) -> Recipe {
    if let Some(renaming) = Renaming::of(project, plan) {
        renaming.findings(&mut recipe.findings);
        recipe.steps.iter_mut().filter_map(|step| step.origin.as_mut()).for_each(|origin| renaming.location(origin));
        recipe.requirements.iter_mut().filter_map(|(_, origin)| origin.as_mut()).for_each(|origin| renaming.location(origin));
    }
    recipe
}

/// Relocates an error to the repository.
pub(super) fn of_error(mut error: RecipeError, project: &Project, plan: &BuildPlan) -> RecipeError {
    if let Some(renaming) = Renaming::of(project, plan) {
        match &mut error {
            RecipeError::RequirementsUnusable { findings } => renaming.findings(findings),
            RecipeError::Cuda { location, .. } | RecipeError::BaseImage { location, .. } => {
                location.iter_mut().for_each(|location| renaming.location(location));
            }
            RecipeError::PythonVersionMissing { .. } | RecipeError::RequirementsMissing { .. } => {}
        }
    }
    error
}
