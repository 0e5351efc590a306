//! Reads a project's schema from its source.

use cog_findings::{Finding, Location, SourceMap};
use cog_source::project::Project;
use cog_source::python::{self, Describe, Description, FolderTree, Foreseen, Options, SignatureError};

/// Describes the predictor and the trainer that `cog.yaml` names, for the Cog release of the project's SDK.
pub(crate) fn describe(project: &Project) -> Result<Description, Vec<SignatureError>> {
    describe_with(project, python::describe)
}

/// A reason as a finding. A file or name that `cog.yaml` names in vain is at fault there.
pub(super) fn finding_of(error: &SignatureError, project: &Project) -> Finding {
    let finding = error.finding();
    let mut named = [&project.config.predict, &project.config.train].into_iter().flatten();
    match named.find(|target| error.missing_target() == Some(&target.value)) {
        Some(target) => finding.at(target.location.clone()),
        None => in_repository(finding, project),
    }
}

/// Describes the predictor and the trainer that `cog.yaml` names in the given way.
pub(crate) fn describe_with(project: &Project, describe: Describe) -> Result<Description, Vec<SignatureError>> {
    let tree = FolderTree::new(project.folder.clone());
    let predict = project.config.predict.as_ref().map(|target| &target.value);
    let train = project.config.train.as_ref().map(|target| &target.value);
    let options = Options { cog_version: Some(project.sdk.named().to_string()) };
    describe(&tree, predict, train, &options)
}

/// Reads what the source shows of a schema that comes from the image.
pub(super) fn foresee(project: &Project) -> Foreseen {
    let tree = FolderTree::new(project.folder.clone());
    let predict = project.config.predict.as_ref().map(|target| &target.value);
    let train = project.config.train.as_ref().map(|target| &target.value);
    let options = Options { cog_version: Some(project.sdk.named().to_string()) };
    python::foresee(&tree, predict, train, &options, project.pydantic())
}

/// Finds syntax that the project's Python does not know.
pub(super) fn newer_syntax(project: &Project) -> Vec<Finding> {
    let Some(version) = &project.config.build.python_version else { return Vec::new() };
    let tree = FolderTree::new(project.folder.clone());
    let targets = [&project.config.predict, &project.config.train].into_iter().flatten();
    let targets: Vec<_> = targets.map(|target| &target.value).collect();
    let found = python::newer_syntax(&tree, &targets, &version.value);
    found.into_iter().map(|finding| in_repository(finding, project)).collect()
}

/// Makes the location of a finding relative to the repository instead of the project.
pub(super) fn in_repository(mut finding: Finding, project: &Project) -> Finding {
    if let Some(location) = &mut finding.location {
        location.file = project.shown(&location.file);
    }
    finding
}

/// Makes the locations of a source map relative to the repository instead of the project.
pub(super) fn source_map_in_repository(source: SourceMap, project: &Project) -> SourceMap {
    let moved = |location: Location| Location { file: project.shown(&location.file), ..location };
    SourceMap {
        inputs: source.inputs.into_iter().map(|(name, location)| (name, moved(location))).collect(),
        output: source.output.map(moved),
        target: source.target.map(moved),
    }
}
