//! The publish stage: push to the live model, and to the official one.

use async_trait::async_trait;

use crate::domain::identity::VersionRef;
use crate::domain::report::Stage;
use crate::pipeline::Services;
use crate::pipeline::record::{Done, ModelRecord, StageWork};
use crate::pipeline::second_pass::{self, FirstPass};
use crate::pipeline::stop::Stop;
use crate::pipeline::verifying::ClearedModels;
use crate::publish::{PublishError, publish, publish_official};

/// Publishes what is cleared.
pub(super) struct Publishing<'a> {
    pub(super) cleared: &'a ClearedModels,
    pub(super) first: FirstPass<'a>,
    pub(super) services: &'a Services,
}

#[async_trait]
impl StageWork for Publishing<'_> {
    const STAGE: Stage = Stage::Publish;
    type Value = VersionRef;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<VersionRef>, Stop> {
        let Self { cleared, first, services } = self;
        let (model, context) = (record.model, record.context);
        let name = model.plan.name.as_str();
        let published = match publish(name, &cleared.live, &services.publish, context.observer, context.cancelled).await {
            Ok(published) => published,
            Err(error) => {
                record.report.published = error.pushed().cloned();
                if let PublishError::LayersDiffer(published) = &error {
                    record.report.layers = Some(published.layers.clone());
                    record.report.transfer = Some(published.transfer.clone());
                }
                return Err(error.into());
            }
        };
        record.report.published = Some(published.version.clone());
        record.report.layers = Some(published.layers);
        record.report.transfer = Some(published.transfer);
        record.report.previous = published.previous;
        record.found(published.findings);
        let mut note = format!("{}:{}", published.version.model, published.version.id.short());
        if let Some(cleared) = &cleared.official {
            let key = model.key_files.as_deref().zip(first.model.key.as_ref());
            let (cleared, what) = match key {
                None => (cleared.clone(), "the same layers were"),
                Some(key) => {
                    let second = second_pass::run(record, key, &first, cleared.clone(), &services.build).await?;
                    (second, "the image without the key was")
                }
            };
            let second = publish_official(name, &cleared, &services.publish, context.observer, context.cancelled).await?;
            record.report.official = Some(second.version.clone());
            note = format!("{note} and {}:{}", second.version.model, second.version.id.short());
            record.notice(format!("{what} published as {}", second.version));
            record.found(second.findings);
        }
        Ok(Done::new(published.version, note))
    }
}
