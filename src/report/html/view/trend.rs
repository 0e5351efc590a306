//! A model's cases over several runs.

use super::cut::Cut;
use crate::domain::report::CaseStatus;
use crate::report::json::v1;
use crate::report::label;
use crate::report::trend::{self, CaseHistory};

/// The size of the line of times.
const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 20.0;

pub(crate) struct TrendView {
    pub(crate) title: String,
    pub(crate) cost: Option<String>,
    /// Whether any case has a run time.
    pub(crate) has_times: bool,
    /// Whether any case changed or was unsteady.
    pub(crate) has_remarks: bool,
    pub(crate) cases: Vec<CaseRow>,
}

pub(crate) struct CaseRow {
    pub(crate) id: String,
    pub(crate) statuses: Vec<Status>,
    pub(crate) times: String,
    /// The points of the line of times.
    pub(crate) points: String,
    pub(crate) remark: String,
}

pub(crate) struct Status {
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
}

impl TrendView {
    pub(super) fn of(model: &v1::Model, run: &v1::Run, cut: Cut) -> Option<Self> {
        let trend = trend::trend(model, run)?;
        let first = trend.runs.first().map(|entry| cut.line(&entry.started_at)).unwrap_or_default();
        let cases: Vec<CaseRow> = trend.cases.iter().map(|case| CaseRow::of(case, cut)).collect();
        Some(Self {
            title: format!("{} runs since {first}", trend.runs.len()),
            cost: trend.cost(),
            has_times: cases.iter().any(|case| !case.times.is_empty()),
            has_remarks: cases.iter().any(|case| !case.remark.is_empty()),
            cases,
        })
    }
}

impl CaseRow {
    fn of(case: &CaseHistory, cut: Cut) -> Self {
        let status = |status: &Option<CaseStatus>| match status {
            Some(status) => Status { class: status.as_str(), word: label::case(*status) },
            None => Status { class: "skipped", word: "absent" },
        };
        let remarks: Vec<String> = [case.change(), case.unsteady()].into_iter().flatten().collect();
        Self {
            id: cut.line(&case.id),
            statuses: case.statuses.iter().map(status).collect(),
            times: case.times().unwrap_or_default(),
            points: case.points(WIDTH, HEIGHT),
            remark: remarks.join(", "),
        }
    }
}
