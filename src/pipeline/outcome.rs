//! Records the outcomes of staging, publishing and deploying in a model's report, for all commands.

use crate::domain::cleared::Staged;
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::report::DeploymentChange;
use crate::pipeline::record::{Done, ModelRecord};
use crate::pipeline::stop::Stop;
use crate::publish::{Deployed, Moved, PublishError, Published, StagedVersion};

impl ModelRecord<'_> {
    /// Records a version of the test model, or what a failed attempt left there.
    pub(super) fn staged(
        &mut self,
        test_model: &ModelRef,
        outcome: Result<StagedVersion, PublishError>,
    ) -> Result<Done<Staged>, Stop> {
        match outcome {
            Ok(done) => {
                self.report.staged = Some(done.staged.version.clone());
                self.found(done.findings);
                let note = format!("{test_model}:{}", done.staged.version.id.short());
                Ok(Done::new(done.staged, note))
            }
            Err(error) => {
                self.report.staged = error.pushed().cloned();
                Err(error.into())
            }
        }
    }

    /// Records a publication. Returns the version, and the one that it replaced unseen.
    pub(super) fn published(&mut self, published: Published) -> (VersionRef, Option<Moved>) {
        self.report.published = Some(published.version.clone());
        self.report.layers = Some(published.layers);
        self.report.transfer = Some(published.transfer);
        self.report.previous = published.previous;
        self.found(published.findings);
        (published.version, published.overwritten)
    }

    /// Records what a failed publication left at the live model.
    pub(super) fn not_published(&mut self, error: &PublishError) {
        self.report.published = error.pushed().cloned();
        if let PublishError::LayersDiffer(published) = error {
            self.report.layers = Some(published.layers.clone());
            self.report.transfer = Some(published.transfer.clone());
        }
    }

    /// Records a deployment. Returns a line about it.
    pub(super) fn deployed(&mut self, deployed: Deployed) -> String {
        self.found(deployed.findings);
        let report = self.report.deployment.insert(deployed.report);
        let change = match report.change {
            DeploymentChange::Created => "created",
            DeploymentChange::Updated => "updated",
            DeploymentChange::Unchanged => "unchanged",
            DeploymentChange::Restored => "restored",
        };
        format!("{} {change}", report.name)
    }
}
