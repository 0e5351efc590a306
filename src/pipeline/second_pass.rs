//! The second pass of an official model whose tests need a key: the key is deleted, an image is built without it, and its absence proven.

use std::collections::BTreeSet;
use std::path::PathBuf;

use cog_findings::text::count;

use crate::domain::cleared::{Cleared, WithoutKey};
use crate::pipeline::building::{BuiltModel, make, says_the_same};
use crate::pipeline::inspecting::InspectedModel;
use crate::pipeline::proof::{prove_files, prove_image, secrets_of};
use crate::pipeline::record::ModelRecord;
use crate::pipeline::stop::Stop;
use crate::pipeline::{BuildServices, KeyFiles, WrittenKey};

/// What the second pass needs from the first.
pub(super) struct FirstPass<'a> {
    pub(super) model: &'a InspectedModel,
    /// The image that was tested.
    pub(super) built: &'a BuiltModel,
    /// The second image's name in the daemon.
    pub(super) second_name: &'a str,
}

/// Clears an image without the key for the official model.
pub(super) async fn run(
    record: &mut ModelRecord<'_>,
    (files, key): (&dyn KeyFiles, &WrittenKey),
    first: &FirstPass<'_>,
    cleared: Cleared,
    services: &BuildServices,
) -> Result<Cleared, Stop> {
    let (plan, model) = (&record.model.plan, first.model);
    files.delete(&plan.name, record.context.cancelled).await?;
    let mut secrets = secrets_of(&services.environment, &plan.build, &model.inspected.project).await?;
    secrets.extend(key.secrets.iter().cloned());
    prove_files(record, &model.inspected.project, &secrets).await?;
    let second = make(record, model, first.second_name, services).await?;
    if !says_the_same(&first.built.schema, &second.schema) {
        return Err(Stop::misconfigured(
            "without the key the image has another schema than the one that was tested",
            "the key's script may write a key, and nothing that the predictor's inputs or outputs depend on",
        ));
    }
    let found = prove_image(record, &second.image, services.docker.save.as_ref(), &secrets).await?;
    let cleared = cleared.without_key(WithoutKey::prove(second.image, &found)?)?;
    record.notice(format!(
        "the first {} of {} of the official image are those that were tested; the rest is built from the same source. {}",
        cleared.tested_layers(),
        count(cleared.image().map_or(0, |image| image.diff_ids.len()), "layer"),
        checked(key),
    ));
    Ok(cleared)
}

/// A sentence that says what was checked about the key's absence, and no more.
fn checked(key: &WrittenKey) -> String {
    let list = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    let names: BTreeSet<&str> = key.secrets.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "Each file that the key's script had written was gone or as before when it was built: {}. Searched for, and not found in it: {names}",
        list(&key.files)
    );
    if !key.unrecognized.is_empty() {
        text.push_str(". Not searched for, because it does not look like a key: what was written into ");
        text.push_str(&list(&key.unrecognized));
    }
    text
}
