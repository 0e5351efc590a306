//! The cases that took longest, over all models, and how many have which status.

use std::cmp::Reverse;
use std::time::Duration;

use serde_json::Value;

use super::Model;
use super::cut::Cut;
use crate::domain::report::CaseStatus;
use crate::report::json::v1;
use crate::report::label;
use crate::support::clock::readable_duration;

/// Cases that are listed.
const LISTED: usize = 10;

/// Fewer cases are seen at a glance.
const FEWEST: usize = 6;

/// A case that took long.
pub(crate) struct SlowCase {
    pub(crate) anchor: String,
    pub(crate) id: String,
    pub(crate) model: String,
    /// From its creation to its verdict.
    pub(crate) total: String,
    /// The run time of its prediction.
    pub(crate) predict: String,
}

/// How many cases have a status.
pub(crate) struct StatusCount {
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
    pub(crate) count: usize,
}

/// The slowest cases first; empty if there are only a few cases.
pub(super) fn slowest(models: &[(&v1::Model, &Model)], cut: Cut) -> Vec<SlowCase> {
    let mut cases: Vec<(&v1::Case, &Model)> =
        models.iter().flat_map(|(model, view)| model.cases.iter().map(|case| (case, *view))).collect();
    cases.retain(|(case, _)| case.duration_ms > 0);
    if cases.len() < FEWEST {
        return Vec::new();
    }
    cases.sort_by_key(|(case, _)| Reverse(case.duration_ms));
    let slow = |(case, model): &(&v1::Case, &Model)| {
        let id = cut.line(&case.id);
        let view = model.cases.iter().chain(&model.fuzz).find(|view| view.id == id)?;
        let predict = case.metrics.get("predict_time").and_then(Value::as_f64).filter(|seconds| (0.0..1e9).contains(seconds));
        Some(SlowCase {
            anchor: view.anchor.clone(),
            model: model.name.clone(),
            total: readable_duration(Duration::from_millis(case.duration_ms)),
            predict: predict.map_or_else(|| "unknown".to_owned(), |seconds| readable_duration(Duration::from_secs_f64(seconds))),
            id,
        })
    };
    cases.iter().filter_map(slow).take(LISTED).collect()
}

/// The statuses that cases have, the most severe first.
pub(super) fn statuses(run: &v1::Run) -> Vec<StatusCount> {
    let all = [
        CaseStatus::Failed,
        CaseStatus::Errored,
        CaseStatus::Flaky,
        CaseStatus::Cancelled,
        CaseStatus::Passed,
        CaseStatus::Skipped,
    ];
    let count = |status: CaseStatus| run.models.iter().flat_map(|model| &model.cases).filter(|case| case.status == status).count();
    let counts = all.map(|status| StatusCount { class: status.as_str(), word: label::case(status), count: count(status) });
    counts.into_iter().filter(|status| status.count > 0).collect()
}
