//! The stage stage: push to the test model.

use crate::build::FINGERPRINT_LABEL;
use crate::clients::docker::DockerError;
use crate::clients::registry::{Unsupported, with_label};
use crate::domain::cleared::{BuiltImage, Staged};
use crate::domain::report::Stage;
use crate::pipeline::building::{Building, BuiltModel, ModelImage};
use crate::pipeline::record::{Done, ModelRecord, StageWork};
use crate::pipeline::stop::Stop;
use crate::pipeline::unchanged::Fingerprint;
use crate::publish::{
    GraftedImage, PublishError, PublishServices, RelatedImage, StageImage, StageRequest, StagedVersion, VERSION_LIMIT, stage,
};

/// Stages an image.
pub(super) struct Staging<'a> {
    pub(super) built: &'a BuiltModel,
    /// The fingerprint, which becomes a label of the version.
    pub(super) fingerprint: &'a Fingerprint,
    /// Builds an image if the registry does not accept the graft.
    pub(super) building: Building<'a>,
    pub(super) services: &'a PublishServices,
}

impl StageWork for Staging<'_> {
    const STAGE: Stage = Stage::Stage;
    type Value = Staged;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<Staged>, Stop> {
        let is_ours = record.model.plan.build.image.is_none();
        let staged = match self.stage_model(record, self.built).await? {
            // Another run removed it with its last name, just when it got ours.
            Err(PublishError::Docker(DockerError::NoSuchImage { .. })) if is_ours => {
                let built = self.building.run(record).await?.value;
                self.stage_model(record, &built).await?
            }
            staged => staged,
        };
        record.staged(&record.model.plan.test_model, staged)
    }
}

/// A configuration that safe-push wrote itself.
fn unreadable(error: &Unsupported) -> PublishError {
    PublishError::GraftRefused { reason: error.to_string() }
}

impl Staging<'_> {
    /// Stages a built or a grafted model. The inner result is that of the push.
    async fn stage_model(
        &self,
        record: &mut ModelRecord<'_>,
        built: &BuiltModel,
    ) -> Result<Result<StagedVersion, PublishError>, Stop> {
        let graft = match &built.image {
            ModelImage::Built(image) => return Ok(self.stage_built(record, image, built).await),
            ModelImage::Grafted(graft) => graft,
        };
        let config = match with_label(&graft.config, FINGERPRINT_LABEL, &self.fingerprint.label()) {
            Ok(config) => config,
            Err(error) => return Ok(Err(unreadable(&error))),
        };
        let image = GraftedImage { on: graft.on.clone(), manifest: graft.manifest.clone(), config, layers: graft.layers.clone() };
        Ok(match self.stage(record, StageImage::Grafted(&image), built).await {
            Err(PublishError::GraftRefused { reason }) => {
                record.notice(format!("built: the registry rejected the graft: {reason}"));
                let built = self.building.build_after_all(record).await?;
                match &built.image {
                    ModelImage::Built(image) => self.stage_built(record, image, &built).await,
                    ModelImage::Grafted(_) => Err(PublishError::GraftRefused { reason }),
                }
            }
            other => other,
        })
    }

    async fn stage_built(
        &self,
        record: &ModelRecord<'_>,
        image: &BuiltImage,
        built: &BuiltModel,
    ) -> Result<StagedVersion, PublishError> {
        let mut image = image.clone();
        // Also if it is empty: the image may have a label of unknown origin.
        if self.services.writer.is_some() {
            image.push_labels.insert(FINGERPRINT_LABEL.to_owned(), self.fingerprint.label());
        }
        self.stage(record, StageImage::Built(&image), built).await
    }

    async fn stage(
        &self,
        record: &ModelRecord<'_>,
        image: StageImage<'_>,
        built: &BuiltModel,
    ) -> Result<StagedVersion, PublishError> {
        let (plan, context) = (&record.model.plan, record.context);
        let base = built.base_image.as_deref().and_then(|name| RelatedImage::named(name, &self.services.registry_host));
        let related: Vec<RelatedImage> = std::iter::once(RelatedImage::newest(&plan.model)).chain(base).collect();
        let request = StageRequest {
            name: &plan.name,
            image,
            related: &related,
            model: &plan.test_model,
            hardware: plan.test_hardware.as_deref(),
            may_be_public: plan.allow.public_test_model,
            version_limit: VERSION_LIMIT,
        };
        stage(&request, self.services, context.observer, context.cancelled).await
    }
}
