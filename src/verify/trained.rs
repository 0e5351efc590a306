//! The versions that test trainings leave behind: each training that succeeds makes one, and nothing deletes it.

use std::collections::BTreeSet;
use std::sync::Mutex;

use cog_findings::Finding;
use cog_findings::text::count;

use crate::clients::replicate::trained_version;
use crate::domain::case::CaseId;
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::prediction::{Prediction, PredictionStatus};
use crate::support::locks::lock;
use crate::verify::rules;

/// The versions made so far, each with the case whose training made it.
#[derive(Debug, Default)]
pub(super) struct TrainedVersions(Mutex<Vec<(CaseId, VersionRef)>>);

impl TrainedVersions {
    /// Records the version that a finished training made at its destination.
    pub(super) fn record(&self, case: &CaseId, training: &Prediction, destination: &ModelRef) {
        if training.status == PredictionStatus::Succeeded
            && let Some(version) = trained_version(training, destination)
        {
            lock(&self.0).push((case.clone(), version));
        }
    }

    /// All versions, in the order in which their trainings finished.
    pub(super) fn all(&self) -> Vec<VersionRef> {
        self.where_case(|_| true)
    }

    /// The remarks that name the versions of one case.
    pub(super) fn remarks(&self, case: &CaseId) -> Vec<String> {
        self.where_case(|other| other == case).iter().map(|version| format!("created version {version}")).collect()
    }

    /// The findings that name all versions, one for each destination.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let all = self.all();
        let models: BTreeSet<&ModelRef> = all.iter().map(|version| &version.model).collect();
        let finding = |model: &ModelRef| {
            let versions: Vec<String> = all.iter().filter(|version| version.model == *model).map(ToString::to_string).collect();
            let left = count(versions.len(), "version");
            Finding::new(&rules::VERSIONS_LEFT, format!("test trainings left {left} behind: {}", versions.join(", ")))
                .hint(format!("delete what you do not need at https://replicate.com/{model}/versions"))
        };
        models.into_iter().map(finding).collect()
    }

    fn where_case(&self, matches: impl Fn(&CaseId) -> bool) -> Vec<VersionRef> {
        let versions = lock(&self.0);
        versions.iter().filter(|(case, _)| matches(case)).map(|(_, version)| version.clone()).collect()
    }
}
