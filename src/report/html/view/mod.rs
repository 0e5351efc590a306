//! What the template shows: words and classes, decided here so that the template only places them.

mod case;
mod finding;
mod media;
mod model;
mod words;

use std::fmt;
use std::time::Duration;

pub(super) use self::model::Model;
pub(super) use self::words::Cut;
use cog_findings::text::count;

use crate::domain::verdict;
use crate::report::json::v1;
use crate::support::clock::humane;

/// A verdict: its name is a class of the style, its words are for people.
pub(super) struct Verdict(verdict::Verdict);

impl Verdict {
    pub(super) fn words(&self) -> &'static str {
        match self.0 {
            verdict::Verdict::Passed => "passed",
            verdict::Verdict::Failed => "failed",
            verdict::Verdict::ServiceError => "a service failed",
            verdict::Verdict::Billing => "billing",
            verdict::Verdict::Misconfigured => "misconfigured",
            verdict::Verdict::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

pub(super) struct Run {
    pub(super) verdict: Verdict,
    pub(super) model_count: String,
    pub(super) duration: String,
    pub(super) started_at: String,
    pub(super) tool_version: String,
    pub(super) notices: Vec<String>,
    pub(super) models: Vec<Model>,
}

impl Run {
    pub(super) fn of(run: &v1::Run, cut: Cut) -> Self {
        Self {
            verdict: Verdict(run.verdict),
            model_count: count(run.models.len(), "model"),
            duration: humane(Duration::from_millis(run.duration_ms)),
            started_at: cut.line(&run.started_at),
            tool_version: cut.line(&run.tool_version),
            notices: run.notices.iter().map(|notice| cut.text(notice)).collect(),
            models: (1..).zip(&run.models).map(|(number, model)| Model::of(model, number, cut)).collect(),
        }
    }

    /// Whether a page needs what lays one picture over another.
    pub(super) fn slides(&self) -> bool {
        self.models
            .iter()
            .flat_map(|model| model.cases.iter().chain(&model.fuzz))
            .any(|case| case.places.iter().any(|place| place.slides))
    }
}
