//! What somebody else published or deployed while a run was checking against the version before.

use cog_findings::{Finding, Severity};
use serde_json::Value;

use crate::clients::replicate::Version;
use crate::domain::cleared::Replaced;
use crate::domain::identity::{ModelRef, VersionId};
use crate::publish::rules;

/// A model or a deployment that has another version than the one that was checked against.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// The model, or the deployment.
    pub name: String,
    /// The model that the versions are of.
    pub model: ModelRef,
    /// The version that was checked against.
    pub checked: Replaced,
    /// The id of the version that is there now; `None` if there is none any more.
    pub now: Option<VersionId>,
    /// The version that is there now, as far as it is known.
    pub version: Option<Version>,
    /// The number of a deployment's release.
    pub release: Option<u64>,
    /// Whether a version of this run has replaced it already.
    pub is_overwritten: bool,
}

impl Moved {
    /// What is there now.
    pub fn replaced(&self) -> Replaced {
        Replaced::of(self.now.as_ref())
    }

    /// The schema of what is there now, as far as it is known.
    pub fn schema(&self) -> Option<&Value> {
        self.version.as_ref()?.openapi_schema.as_ref()
    }

    /// What happened, as a finding of this severity.
    pub fn finding(&self, severity: Severity) -> Finding {
        let Self { name, checked, is_overwritten, .. } = self;
        let message = match (&self.now, is_overwritten) {
            (None, _) => format!("{name} lost its version while this one was checked against {checked}"),
            (Some(_), true) => format!("{} was published while this version was pushed, which replaced it unseen", self.shown()),
            (Some(_), false) => {
                let action = if self.release.is_none() { "published".to_owned() } else { format!("deployed to {name}") };
                format!("{} was {action} while this version was checked against {checked}", self.shown())
            }
        };
        let hint = match (severity, is_overwritten) {
            (Severity::Error, true) => format!("make {} the version in use, or run again to compare with it", self.shown()),
            (Severity::Error, false) => "run again to compare with it, or publish anyway with --allow-moved-live".to_owned(),
            _ => format!("look at what {} changed", self.shown()),
        };
        let mut finding = Finding::new(&rules::LIVE_MOVED, message).with_severity(severity).hint(hint);
        if let Some(id) = &self.now {
            finding = finding.detail("version", format!("{}:{id}", self.model));
        }
        if let Some(release) = self.release {
            finding = finding.detail("release", release.to_string());
        }
        if let Some(pushed) = self.version.as_ref().and_then(|version| version.created_at) {
            finding = finding.detail("pushed", pushed.format("%Y-%m-%d %H:%M:%S UTC").to_string());
        }
        finding
    }

    fn shown(&self) -> String {
        self.now.as_ref().map_or_else(|| "it".to_owned(), |id| format!("{}:{}", self.model, id.short()))
    }
}
