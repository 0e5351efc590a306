//! An unchanged model is not published again: the live version says in a label what it was made of.
//!
//! The label is written by every push, and a version of the live model went through a run's tests. The label does not contain the age of
//! packages without a pin, so `--no-cache` publishes anew, as `always` does. Official models have a second version, about which the label
//! says nothing.

use crate::build::{BuildRequest, FINGERPRINT_LABEL, base_identity, fingerprint};
use crate::domain::identity::VersionRef;
use crate::domain::plan::{Builder, ModelPlan, PublishMode};
use crate::pipeline::building::{Building, prepared};
use crate::pipeline::grace::at_once;
use crate::pipeline::inspecting::InspectedModel;
use crate::pipeline::record::ModelRecord;
use crate::pipeline::stop::Stop;
use crate::pipeline::{BuildServices, Services};
use crate::publish::label_of;

/// What a model is made of in this run. `None` where that is not known.
#[derive(Debug, Clone, Default)]
pub(super) struct Fingerprint(Option<String>);

impl Fingerprint {
    /// Finds out without a build. Problems do not stop the run here, because the build meets them again.
    pub(super) async fn of(record: &mut ModelRecord<'_>, building: Building<'_>, services: &Services) -> Result<Self, Stop> {
        let plan = &record.model.plan;
        let is_known = plan.build.image.is_none() && plan.build.builder == Builder::Native;
        // Where images are passed by reference, no version has a label.
        let is_of_use = is_known && services.publish.writer.is_some();
        if !is_of_use || plan.two_pass || building.model.key.is_some() {
            return Ok(Self(None));
        }
        let Ok(request) = prepared(record, building.model, building.name, building.services).await else { return Ok(Self(None)) };
        let asking = async { Ok::<_, Stop>(compute(request, building.services).await) };
        at_once(asking, record.context.cancelled).await.map(Self)
    }

    /// The label's value.
    pub(super) fn label(&self) -> String {
        self.0.clone().unwrap_or_default()
    }

    /// The live version, if it has the same fingerprint and need not be published again.
    pub(super) async fn is_live(&self, plan: &ModelPlan, model: &InspectedModel, services: &Services) -> Option<VersionRef> {
        let is_wanted = plan.always || plan.build.no_cache || plan.official_model.is_some();
        let (Some(now), PublishMode::Publish, false) = (&self.0, plan.publish, is_wanted) else { return None };
        let live = &model.replicate.live.as_ref()?.version;
        let label = label_of(live, FINGERPRINT_LABEL, &services.publish).await?;
        (label == *now).then(|| live.clone())
    }
}

async fn compute(request: BuildRequest, services: &BuildServices) -> Option<String> {
    let base = base_identity(&request.recipe.base_image, services.docker.inspect.as_ref(), services.digests.as_ref()).await?;
    let computed = tokio::task::spawn_blocking(move || fingerprint(&request, &base)).await;
    computed.ok()?.inspect_err(|error| tracing::debug!(%error, "what the model is made of is not known")).ok()?
}
