//! The publish stage: push to the live model, and to the official one.

use crate::domain::cleared::Cleared;
use crate::domain::identity::VersionRef;
use crate::domain::report::Stage;
use crate::pipeline::Services;
use crate::pipeline::moved::{Comparing, Moves, decide_again};
use crate::pipeline::record::{Done, ModelRecord, StageWork};
use crate::pipeline::second_pass::{self, FirstPass};
use crate::pipeline::stop::Stop;
use crate::pipeline::verifying::ClearedModels;
use crate::publish::{PublishError, check_moved, publish, publish_official};

/// Publishes what is cleared.
pub(super) struct Publishing<'a> {
    pub(super) cleared: &'a ClearedModels,
    pub(super) first: FirstPass<'a>,
    pub(super) services: &'a Services,
}

impl StageWork for Publishing<'_> {
    const STAGE: Stage = Stage::Publish;
    type Value = VersionRef;

    async fn run(self, record: &mut ModelRecord<'_>) -> Result<Done<VersionRef>, Stop> {
        let (cleared, first) = (self.cleared, &self.first);
        let comparing = Comparing { model: first.model, schema: &first.built.schema };
        // Before the first push: publishing only one of the two models would be a mess too.
        let official = match cleared.official.clone() {
            Some(official) => Some(self.clear_now(record, official, comparing).await?),
            None => None,
        };
        let version = self.publish_live(record, comparing).await?;
        let mut note = format!("{}:{}", version.model, version.id.short());
        if let Some(official) = official {
            let second = self.publish_official(record, official, comparing).await?;
            note = format!("{note} and {}:{}", second.model, second.id.short());
        }
        Ok(Done::new(version, note))
    }
}

impl Publishing<'_> {
    /// Clears a version again each time a different version of its model goes live.
    async fn clear_now(
        &self,
        record: &mut ModelRecord<'_>,
        mut cleared: Cleared,
        comparing: Comparing<'_>,
    ) -> Result<Cleared, Stop> {
        let mut moves = Moves::default();
        loop {
            match check_moved(&cleared, &self.services.publish, record.context.cancelled).await {
                Ok(()) => return Ok(cleared),
                Err(PublishError::Moved(moved)) => cleared = moves.clear_again(record, cleared, moved, comparing)?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn publish_live(&self, record: &mut ModelRecord<'_>, comparing: Comparing<'_>) -> Result<VersionRef, Stop> {
        let (model, context) = (record.model, record.context);
        let (mut cleared, mut moves) = (self.cleared.live.clone(), Moves::default());
        let published = loop {
            match publish(&model.plan.name, &cleared, &self.services.publish, context.observer, context.cancelled).await {
                Ok(published) => break published,
                Err(PublishError::Moved(moved)) => cleared = moves.clear_again(record, cleared, moved, comparing)?,
                Err(error) => {
                    record.not_published(&error);
                    return Err(error.into());
                }
            }
        };
        let (version, overwritten) = record.published(published);
        if let Some(overwritten) = &overwritten {
            decide_again(record, overwritten, overwritten.schema(), cleared.compared_outputs(), comparing)?;
        }
        Ok(version)
    }

    async fn publish_official(
        &self,
        record: &mut ModelRecord<'_>,
        cleared: Cleared,
        comparing: Comparing<'_>,
    ) -> Result<VersionRef, Stop> {
        let (model, context, first) = (record.model, record.context, &self.first);
        let key = model.key_files.as_deref().zip(first.model.key.as_ref());
        let (mut cleared, what) = match key {
            None => (cleared, "the same layers were"),
            Some(key) => {
                let second = second_pass::run(record, key, first, cleared, &self.services.build).await?;
                (second, "the image without the key was")
            }
        };
        let mut moves = Moves::default();
        let second = loop {
            let services = &self.services.publish;
            match publish_official(&model.plan.name, &cleared, services, context.observer, context.cancelled).await {
                Err(PublishError::Moved(moved)) => cleared = moves.clear_again(record, cleared, moved, comparing)?,
                Ok(published) => break published,
                Err(error) => {
                    record.report.official = error.pushed().cloned();
                    return Err(error.into());
                }
            }
        };
        record.report.official = Some(second.version.clone());
        record.notice(format!("{what} published as {}", second.version));
        record.found(second.findings);
        if let Some(overwritten) = &second.overwritten {
            decide_again(record, overwritten, overwritten.schema(), cleared.compared_outputs(), comparing)?;
        }
        Ok(second.version)
    }
}
