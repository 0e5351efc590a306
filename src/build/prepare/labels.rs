//! The labels that are known before the build (`docs/reference/cog.md#labels`). The labels for schema and packages follow after it.

use std::collections::BTreeMap;

use cog_source::labels::{self, Completion, LabelInputs};
use cog_source::project::Project;
use cog_source::recipe::Recipe;

use super::BuildEnvironment;

/// The labels of an image built from `recipe`.
pub(super) fn labels(
    project: &Project,
    recipe: &Recipe,
    concurrency: Option<u32>,
    environment: &BuildEnvironment,
) -> BTreeMap<String, String> {
    let completion =
        Completion { python_version: project.sdk.default_python().map(str::to_owned), cuda: recipe.cuda.clone(), concurrency };
    let inputs = LabelInputs {
        cog_version: project.sdk.named().to_string(),
        config: labels::config_json(&project.config, &completion),
        git_revision: environment.git_revision.clone(),
        git_version: environment.git_version.clone(),
        ..LabelInputs::default()
    };
    labels::labels(&inputs).into_iter().collect()
}
