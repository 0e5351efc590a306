//! The schema of a project, read from its source.

use std::path::Path;

use cog_source::python::{Describe, Description, SignatureError};

use crate::cli::failure::Failure;
use crate::domain::project_place::ProjectPlace;
use crate::domain::verdict::Verdict;
use crate::inspect::{self, with_excerpt};

/// A source whose schema cannot be read.
pub(super) fn refused(errors: &[SignatureError], folder: &Path) -> Failure {
    let findings = errors.iter().map(|error| with_excerpt(error.finding(), folder)).collect();
    let mut failure = Failure::new(Verdict::Failed, anyhow::anyhow!("failed to read the schema from the source"));
    failure.findings = findings;
    failure
}

/// The schema of a project's own predictor and trainer, for the SDK that is asked for or else chosen.
pub(super) async fn describe_project(folder: &Path, cog_version: Option<&str>, describe: Describe) -> Result<Description, Failure> {
    describe_project_at(folder, &ProjectPlace::default(), cog_version, describe).await
}

/// Like [`describe_project`], for a project that is at `place` in its repository, where it may import modules from above its folder.
pub(super) async fn describe_project_at(
    folder: &Path,
    place: &ProjectPlace,
    cog_version: Option<&str>,
    describe: Describe,
) -> Result<Description, Failure> {
    let (project, _findings) = inspect::load_project(folder, place, cog_version).await.map_err(|error| {
        let mut failure = Failure::from(error);
        failure.findings = failure.findings.into_iter().map(|finding| with_excerpt(finding, folder)).collect();
        failure
    })?;
    inspect::describe_with(&project, describe).map_err(|errors| refused(&errors, folder))
}
