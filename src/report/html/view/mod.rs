//! The values that the template shows: text and CSS classes, decided here so that the template only places them.

mod case;
mod cut;
mod finding;
mod media;
mod model;

use std::fmt;
use std::time::Duration;

use cog_findings::text::count;

pub(super) use self::cut::Cut;
pub(super) use self::model::Model;
use crate::domain::verdict;
use crate::report::json::v1;
use crate::report::label;
use crate::support::clock::humane;

/// A verdict. Displays as a CSS class; `label` is for people.
pub(super) struct Verdict(verdict::Verdict);

impl Verdict {
    pub(super) fn label(&self) -> &'static str {
        label::verdict(self.0)
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

    /// Whether the page needs the script that overlays images.
    pub(super) fn slides(&self) -> bool {
        self.models
            .iter()
            .flat_map(|model| model.cases.iter().chain(&model.fuzz))
            .any(|case| case.files.iter().any(|file| file.slides))
    }
}
