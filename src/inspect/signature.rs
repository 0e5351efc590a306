//! Reads a project's schema from its source.

use cog_findings::{Finding, Location, SourceMap};
use cog_source::project::Project;
use cog_source::python::{self, Describe, Description, FolderTree, Options, SignatureError};

/// Describes the predictor and the trainer that `cog.yaml` names, for the Cog release of the project's SDK.
pub(crate) fn describe(project: &Project) -> Result<Description, Vec<SignatureError>> {
    describe_with(project, python::describe)
}

/// Describes the predictor and the trainer that `cog.yaml` names in the given way.
pub(crate) fn describe_with(project: &Project, describe: Describe) -> Result<Description, Vec<SignatureError>> {
    let tree = FolderTree::new(project.folder.clone());
    let predict = project.config.predict.as_ref().map(|target| &target.value);
    let train = project.config.train.as_ref().map(|target| &target.value);
    let options = Options { cog_version: Some(project.sdk.named().to_string()) };
    describe(&tree, predict, train, &options)
}

/// The folder of the configuration within the repository, with a trailing slash; empty for the root.
fn prefix(project: &Project) -> &str {
    let file = &project.config_file;
    &file[..file.rfind('/').map_or(0, |slash| slash + 1)]
}

/// Makes the location of a finding relative to the repository instead of the project.
pub(super) fn in_repository(mut finding: Finding, project: &Project) -> Finding {
    if let Some(location) = &mut finding.location {
        *location = moved(location, prefix(project));
    }
    finding
}

/// Makes the locations of a source map relative to the repository instead of the project.
pub(super) fn source_map_in_repository(source: SourceMap, project: &Project) -> SourceMap {
    let prefix = prefix(project);
    if prefix.is_empty() {
        return source;
    }
    SourceMap {
        inputs: source.inputs.into_iter().map(|(name, location)| (name, moved(&location, prefix))).collect(),
        output: source.output.map(|location| moved(&location, prefix)),
        target: source.target.map(|location| moved(&location, prefix)),
    }
}

/// A file outside the project already has an absolute path.
fn moved(location: &Location, prefix: &str) -> Location {
    if location.file.starts_with('/') {
        return location.clone();
    }
    Location { file: format!("{prefix}{}", location.file), ..location.clone() }
}
