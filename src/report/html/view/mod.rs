//! The values that the template shows: text and CSS classes, decided here so that the template only places them.

mod anchors;
mod bars;
mod case;
mod cut;
mod diff;
mod embedded;
mod finding;
mod header;
mod media;
mod model;
mod slowest;
mod steps;
mod times;
mod trend;

use std::cmp::Reverse;
use std::fmt;
use std::time::Duration;

use cog_findings::text::{count, shorten};

use self::anchors::Anchors;
pub(super) use self::cut::Cut;
use self::finding::Finding;
use self::header::{ModelOutcome, OriginPart};
pub(super) use self::model::Model;
use self::slowest::{SlowCase, StatusCount};
use self::times::ModelTime;
use crate::domain::verdict;
use crate::report::json::v1;
use crate::report::label;
use crate::support::clock::readable_duration;

/// A verdict. Displays as a CSS class; `label` is for people.
#[derive(Clone, Copy)]
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
    pub(super) title: String,
    /// How many models have which verdict.
    pub(super) counts: String,
    pub(super) duration: String,
    pub(super) started_at: String,
    pub(super) tool_version: String,
    pub(super) notices: Vec<String>,
    pub(super) origin: Vec<OriginPart>,
    pub(super) outcomes: Vec<ModelOutcome>,
    pub(super) error: Option<v1::ErrorEntry>,
    pub(super) findings: Vec<Finding>,
    pub(super) times: Vec<ModelTime>,
    pub(super) stages: Vec<&'static str>,
    pub(super) statuses: Vec<StatusCount>,
    pub(super) slowest: Vec<SlowCase>,
    pub(super) models: Vec<Model>,
}

/// Number of models in the title.
const TITLE_MODELS: usize = 2;

impl Run {
    pub(super) fn of(run: &v1::Run, cut: Cut) -> Self {
        let mut anchors = Anchors::default();
        let mut sorted: Vec<&v1::Model> = run.models.iter().collect();
        // The most severe first.
        sorted.sort_by_key(|model| Reverse(model.verdict));
        let models: Vec<Model> = sorted.iter().map(|model| Model::of(model, run, &mut anchors, cut)).collect();
        let pairs: Vec<(&v1::Model, &Model)> = sorted.iter().copied().zip(&models).collect();
        let (times, stages) = times::times(&pairs);
        let slowest = slowest::slowest(&pairs, cut);
        Self {
            verdict: Verdict(run.verdict),
            title: title(run.verdict, &sorted, cut),
            counts: counts(run),
            duration: readable_duration(Duration::from_millis(run.duration_ms)),
            started_at: cut.line(&run.started_at),
            tool_version: cut.line(&run.tool_version),
            notices: run.notices.iter().map(|notice| cut.text(notice)).collect(),
            origin: header::origin(run.origin.as_ref(), cut),
            outcomes: header::outcomes(run, cut),
            error: run.error.as_ref().map(|error| cut.error(error)),
            findings: run.findings.iter().map(|finding| Finding::of(finding, anchors.within("run", &finding.code), cut)).collect(),
            times,
            stages,
            statuses: slowest::statuses(run),
            slowest,
            models,
        }
    }
}

/// The verdict and the models that it comes from: what the tab of a browser shows.
fn title(verdict: verdict::Verdict, sorted: &[&v1::Model], cut: Cut) -> String {
    let concerned: Vec<&&v1::Model> = sorted.iter().filter(|model| model.verdict == verdict).collect();
    let names: Vec<String> = concerned.iter().take(TITLE_MODELS).map(|model| shorten(&cut.line(&model.name), 60)).collect();
    let more = concerned.len().saturating_sub(TITLE_MODELS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let names = if names.is_empty() { String::new() } else { format!(": {}{more}", names.join(", ")) };
    format!("{}{names} · safe-push", label::verdict(verdict))
}

fn counts(run: &v1::Run) -> String {
    let mut verdicts: Vec<verdict::Verdict> = run.models.iter().map(|model| model.verdict).collect();
    verdicts.sort_by_key(|verdict| Reverse(*verdict));
    verdicts.dedup();
    let all = count(run.models.len(), "model");
    if verdicts.len() < 2 {
        return all;
    }
    let of = |verdict: &verdict::Verdict| {
        let number = run.models.iter().filter(|model| model.verdict == *verdict).count();
        format!("{number} {}", label::verdict(*verdict))
    };
    format!("{all} ({})", verdicts.iter().map(of).collect::<Vec<_>>().join(", "))
}
