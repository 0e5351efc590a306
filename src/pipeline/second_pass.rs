//! The second pass of an official model whose tests needed a key: the key is deleted, an image is made without it, and its absence proven.

use cog_findings::text::count;

use crate::domain::cleared::{Cleared, WithoutKey};
use crate::pipeline::building::{BuiltModel, make, says_the_same};
use crate::pipeline::context::RunContext;
use crate::pipeline::inspecting::InspectedModel;
use crate::pipeline::proof::{prove_files, prove_image, secrets_of};
use crate::pipeline::state::ModelState;
use crate::pipeline::stop::Stop;
use crate::pipeline::{KeyFiles, ModelRun, Services, WrittenKey};

/// What the first pass leaves to the second.
pub(super) struct FirstPass<'a> {
    /// The model as it was inspected.
    pub(super) model: &'a InspectedModel,
    /// The image that was tested.
    pub(super) built: &'a BuiltModel,
    /// What the second image is called in the daemon.
    pub(super) second_name: &'a str,
}

/// Clears an image without the key for the official model.
pub(super) async fn run(
    state: &mut ModelState<'_>,
    run: &ModelRun,
    (files, key): (&dyn KeyFiles, &WrittenKey),
    first: &FirstPass<'_>,
    cleared: Cleared,
    services: &Services,
    context: &RunContext<'_>,
) -> Result<Cleared, Stop> {
    let (plan, model) = (&run.plan, first.model);
    files.delete(&plan.name, context.cancelled).await?;
    let images = services.images();
    let mut secrets = secrets_of(images.environment);
    secrets.extend(key.secrets.iter().cloned());
    prove_files(state, &model.inspected.project, plan, &secrets, context).await?;
    let (second, _note) = make(state, run, model, first.second_name, images, context).await?;
    if !says_the_same(&first.built.schema, &second.schema) {
        return Err(Stop::misconfigured(
            "without the key the image has another schema than the one that was tested",
            "the key's script may write a key, and nothing that the predictor's inputs or outputs depend on",
        ));
    }
    let found = prove_image(state, &second.image, images.docker, &secrets, context).await?;
    let cleared = cleared.without_key(WithoutKey::prove(second.image, &found)?)?;
    let files: Vec<String> = key.files.iter().map(|path| path.display().to_string()).collect();
    state.notice(format!(
        "the first {} of {} of the official image are those that were tested; the rest is made of the same source without {}",
        cleared.tested_layers(),
        count(cleared.image().diff_ids.len(), "layer"),
        files.join(", "),
    ));
    Ok(cleared)
}
