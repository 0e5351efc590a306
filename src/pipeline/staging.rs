//! The stage stage: push to the test model.

use async_trait::async_trait;

use crate::domain::cleared::Staged;
use crate::domain::report::Stage;
use crate::pipeline::building::BuiltModel;
use crate::pipeline::record::{Done, ModelRecord, StageWork};
use crate::pipeline::stop::Stop;
use crate::publish::{PublishServices, StageRequest, VERSION_LIMIT, stage};

/// Stages an image.
pub(super) struct Staging<'a> {
    pub(super) built: &'a BuiltModel,
    pub(super) services: &'a PublishServices,
}

#[async_trait]
impl StageWork for Staging<'_> {
    const STAGE: Stage = Stage::Stage;
    type Value = Staged;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<Staged>, Stop> {
        let (plan, context) = (&record.model.plan, record.context);
        let request = StageRequest {
            name: &plan.name,
            image: &self.built.image,
            model: &plan.test_model,
            hardware: plan.test_hardware.as_deref(),
            may_be_public: plan.allow.public_test_model,
            version_limit: VERSION_LIMIT,
        };
        match stage(&request, self.services, context.observer, context.cancelled).await {
            Ok(done) => {
                record.report.staged = Some(done.staged.version.clone());
                record.found(done.findings);
                let note = format!("{}:{}", plan.test_model, done.staged.version.id.short());
                Ok(Done::new(done.staged, note))
            }
            Err(error) => {
                record.report.staged = error.pushed().cloned();
                Err(error.into())
            }
        }
    }
}
