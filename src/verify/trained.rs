//! The versions that trainings leave behind. A training that succeeds makes one, and nothing takes it away again by itself.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use cog_findings::Finding;
use cog_findings::text::count;

use crate::clients::replicate::trained_version;
use crate::domain::case::CaseId;
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::prediction::{Prediction, PredictionStatus};
use crate::domain::report::CaseReport;
use crate::verify::engine::Engine;
use crate::verify::rules;

/// The versions that were made so far, each with the case whose training made it.
#[derive(Debug, Default)]
pub(super) struct TrainedVersions(Mutex<Vec<(CaseId, VersionRef)>>);

impl TrainedVersions {
    /// All of them, in the order in which trainings ended.
    pub(super) fn all(&self) -> Vec<VersionRef> {
        self.of(|_| true)
    }

    fn of(&self, wanted: impl Fn(&CaseId) -> bool) -> Vec<VersionRef> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().filter(|(case, _)| wanted(case)).map(|(_, version)| version.clone()).collect()
    }
}

impl Engine<'_> {
    /// Remembers what a training that has ended made.
    pub(super) fn note_trained(&self, case: &CaseId, training: &Prediction) {
        let Some(plan) = self.request.train.filter(|_| training.status == PredictionStatus::Succeeded) else { return };
        if let Some(version) = trained_version(training, &plan.destination) {
            self.trained.0.lock().unwrap_or_else(PoisonError::into_inner).push((case.clone(), version));
        }
    }

    /// Names the versions that a case's trainings made in its report.
    pub(super) fn name_trained_versions(&self, report: &mut CaseReport) {
        let made = self.trained.of(|case| *case == report.id);
        report.remarks.extend(made.iter().map(|version| format!("made the version {version}")));
    }

    /// Says which versions all trainings left behind.
    pub(super) fn tell_trained_versions(&self) {
        let made = self.trained.all();
        let models: BTreeSet<&ModelRef> = made.iter().map(|version| &version.model).collect();
        for model in models {
            let versions: Vec<String> = made.iter().filter(|version| version.model == *model).map(ToString::to_string).collect();
            let left = count(versions.len(), "version");
            self.found(
                Finding::new(&rules::VERSIONS_LEFT, format!("test trainings left {left} behind: {}", versions.join(", ")))
                    .hint(format!("they can be deleted at https://replicate.com/{model}/versions")),
            );
        }
    }
}
