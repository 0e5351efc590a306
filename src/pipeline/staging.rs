//! The stage stage: push to the test model.

use async_trait::async_trait;

use crate::domain::cleared::Staged;
use crate::domain::report::Stage;
use crate::pipeline::building::{Building, BuiltModel, ModelImage};
use crate::pipeline::record::{Done, ModelRecord, StageWork};
use crate::pipeline::stop::Stop;
use crate::publish::{GraftedImage, PublishError, PublishServices, StageImage, StageRequest, StagedVersion, VERSION_LIMIT, stage};

/// Stages an image.
pub(super) struct Staging<'a> {
    pub(super) built: &'a BuiltModel,
    /// Builds it after all, if it is a graft that the registry does not take.
    pub(super) building: Building<'a>,
    pub(super) services: &'a PublishServices,
}

#[async_trait]
impl StageWork for Staging<'_> {
    const STAGE: Stage = Stage::Stage;
    type Value = Staged;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<Staged>, Stop> {
        let staged = match &self.built.image {
            ModelImage::Built(image) => self.stage(record, StageImage::Built(image)).await,
            ModelImage::Grafted(graft) => {
                let image = GraftedImage {
                    on: graft.on.clone(),
                    manifest: graft.manifest.clone(),
                    config: graft.config.clone(),
                    layers: graft.layers.clone(),
                };
                match self.stage(record, StageImage::Grafted(&image)).await {
                    Err(PublishError::GraftRefused { reason }) => {
                        record.notice(format!("built: the registry did not take the graft: {reason}"));
                        let built = self.building.build_after_all(record).await?;
                        match &built.image {
                            ModelImage::Built(image) => self.stage(record, StageImage::Built(image)).await,
                            ModelImage::Grafted(_) => Err(PublishError::GraftRefused { reason }),
                        }
                    }
                    other => other,
                }
            }
        };
        record.staged(&record.model.plan.test_model, staged)
    }
}

impl Staging<'_> {
    async fn stage(&self, record: &ModelRecord<'_>, image: StageImage<'_>) -> Result<StagedVersion, PublishError> {
        let (plan, context) = (&record.model.plan, record.context);
        let request = StageRequest {
            name: &plan.name,
            image,
            model: &plan.test_model,
            hardware: plan.test_hardware.as_deref(),
            may_be_public: plan.allow.public_test_model,
            version_limit: VERSION_LIMIT,
        };
        stage(&request, self.services, context.observer, context.cancelled).await
    }
}
