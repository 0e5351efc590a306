//! The publish stage: push to the live model, and to the official one.

use crate::domain::identity::VersionRef;
use crate::pipeline::context::RunContext;
use crate::pipeline::second_pass::FirstPass;
use crate::pipeline::state::{Done, ModelState};
use crate::pipeline::stop::Stop;
use crate::pipeline::verifying::ClearedModels;
use crate::pipeline::{ModelRun, Services, second_pass};
use crate::publish::{PublishError, publish, publish_official};

/// Publishes what is cleared.
pub(super) async fn run(
    state: &mut ModelState<'_>,
    run: &ModelRun,
    cleared: &ClearedModels,
    first: &FirstPass<'_>,
    services: &Services,
    context: &RunContext<'_>,
) -> Result<Done<VersionRef>, Stop> {
    let name = run.plan.name.as_str();
    let publishing = services.publishing();
    let published = match publish(name, &cleared.live, &publishing, context.observer, context.cancelled).await {
        Ok(published) => published,
        Err(error) => {
            state.report.published = error.pushed().cloned();
            if let PublishError::LayersDiffer(published) = &error {
                state.report.layers = Some(published.layers.clone());
            }
            return Err(error.into());
        }
    };
    state.report.published = Some(published.version.clone());
    state.report.layers = Some(published.layers);
    state.report.previous = published.previous;
    state.found(published.findings);
    let mut note = format!("{}:{}", published.version.model, published.version.id.short());
    if let Some(cleared) = &cleared.official {
        let key = run.key_files.as_deref().zip(first.model.key.as_ref());
        let (cleared, what) = match key {
            None => (cleared.clone(), "the same layers were"),
            Some(key) => (
                second_pass::run(state, run, key, first, cleared.clone(), services, context).await?,
                "the image without the key was",
            ),
        };
        let second = publish_official(name, &cleared, &publishing, context.observer, context.cancelled).await?;
        state.report.official = Some(second.version.clone());
        note = format!("{note} and {}:{}", second.version.model, second.version.id.short());
        state.notice(format!("{what} published as {}", second.version));
        state.found(second.findings);
    }
    Ok(Done::new(published.version, note))
}
