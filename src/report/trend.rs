//! How a model's cases did over several runs: status, time, flakiness and cost, for all renderings.

use crate::domain::report::CaseStatus;
use crate::report::json::earlier;
use crate::report::json::v1::{EarlierRun, Model, Run};
use crate::report::measurement::number;

/// Runs that are shown, the newest ones.
const RUNS: usize = 20;

/// A model over several runs, oldest first, the run of the report last.
pub(super) struct ModelHistory {
    pub(super) runs: Vec<EarlierRun>,
    pub(super) cases: Vec<CaseHistory>,
}

/// A case over several runs.
pub(super) struct CaseHistory {
    pub(super) id: String,
    /// Its status in each run; `None` where it did not exist.
    pub(super) statuses: Vec<Option<CaseStatus>>,
    /// Its run time in each run, in seconds.
    pub(super) seconds: Vec<Option<f64>>,
}

/// The trend of a model; `None` without an earlier run.
pub(super) fn trend(model: &Model, run: &Run) -> Option<ModelHistory> {
    let mut runs: Vec<EarlierRun> =
        run.history.iter().filter(|entry| entry.name == model.name && entry.model == model.model).cloned().collect();
    if runs.is_empty() {
        return None;
    }
    runs.push(earlier(model, run));
    let runs = runs.split_off(runs.len().saturating_sub(RUNS));
    let mut ids: Vec<&str> = Vec::new();
    for case in runs.iter().rev().flat_map(|entry| &entry.cases) {
        if !ids.contains(&case.id.as_str()) {
            ids.push(&case.id);
        }
    }
    let cases = ids.into_iter().map(|id| {
        let found = || runs.iter().map(move |entry| entry.cases.iter().find(|case| case.id == id));
        CaseHistory {
            id: id.to_owned(),
            statuses: found().map(|case| case.map(|case| case.status)).collect(),
            seconds: found().map(|case| case.and_then(|case| case.predict_seconds)).collect(),
        }
    });
    let cases = cases.collect();
    Some(ModelHistory { runs, cases })
}

impl ModelHistory {
    /// The cost of each run: `$0.0019 → $0.0021`; `None` if none is known.
    pub(super) fn cost(&self) -> Option<String> {
        let prices: Vec<Option<f64>> = self.runs.iter().map(|entry| entry.cost.estimated_usd).collect();
        let text = |price: &Option<f64>| price.map_or_else(|| "?".to_owned(), |price| format!("${price:.4}"));
        prices.iter().any(Option::is_some).then(|| prices.iter().map(text).collect::<Vec<_>>().join(" → "))
    }
}

impl CaseHistory {
    /// The last run compared with the one before: `failed now, passed before`; `None` if the status is the same.
    pub(super) fn change(&self) -> Option<String> {
        let [.., before, now] = &self.statuses[..] else { return None };
        let word = |status: &Option<CaseStatus>| status.map_or("absent", CaseStatus::as_str);
        (before != now).then(|| format!("{} now, {} before", word(now), word(before)))
    }

    /// The run times: `1.2 → 1.3 s`; `None` if none is known.
    pub(super) fn times(&self) -> Option<String> {
        let text = |seconds: &Option<f64>| seconds.map_or_else(|| "?".to_owned(), number);
        let is_known = self.seconds.iter().any(Option::is_some);
        is_known.then(|| format!("{} s", self.seconds.iter().map(text).collect::<Vec<_>>().join(" → ")))
    }

    /// How often it did not pass at once: `2 of 5 runs`; `None` if it always did.
    pub(super) fn unsteady(&self) -> Option<String> {
        let ran: Vec<CaseStatus> =
            self.statuses.iter().flatten().copied().filter(|status| *status != CaseStatus::Skipped).collect();
        let bad = ran.iter().filter(|status| **status != CaseStatus::Passed).count();
        (bad > 0).then(|| format!("not passed at once in {bad} of {} runs", ran.len()))
    }

    /// What is worth a line: a change, or a case that does not always pass.
    pub(super) fn line(&self) -> Option<String> {
        let remarks: Vec<String> = [self.change(), self.unsteady()].into_iter().flatten().collect();
        if remarks.is_empty() {
            return None;
        }
        let times = self.times().map(|times| format!("; {times}")).unwrap_or_default();
        Some(format!("{}: {}{times}", self.id, remarks.join(", ")))
    }

    /// The points of a line of times in a box of these sizes; empty with fewer than two times.
    pub(super) fn points(&self, width: f64, height: f64) -> String {
        let known: Vec<f64> = self.seconds.iter().flatten().copied().filter(|seconds| seconds.is_finite()).collect();
        let most = known.iter().copied().fold(0.0, f64::max);
        if known.len() < 2 || most <= 0.0 {
            return String::new();
        }
        // At most as many as runs are shown.
        let steps = u32::try_from(self.seconds.len() - 1).unwrap_or(1);
        let step = width / f64::from(steps.max(1));
        let mut x = 0.0;
        let mut points = Vec::new();
        for seconds in &self.seconds {
            if let Some(seconds) = seconds.filter(|seconds| seconds.is_finite()) {
                points.push(format!("{x:.1},{:.1}", height - seconds / most * height));
            }
            x += step;
        }
        points.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json::{against, run_json};
    use crate::report::sample;

    #[test]
    fn two_runs_say_what_changed() {
        let mut old = run_json(&sample::passed());
        old.models[0].cases[0].status = CaseStatus::Failed;
        old.models[0].cases[0].attempts[0].predict_seconds = Some(2.5);
        let run = against(run_json(&sample::passed()), &old);
        let trend = trend(&run.models[0], &run).unwrap();
        let case = &trend.cases[0];
        assert_eq!(
            case.line().as_deref(),
            Some("case-1: passed now, failed before, not passed at once in 1 of 2 runs; 2.5 → 1.25 s")
        );
        assert_eq!(trend.cost().as_deref(), Some("$0.0019 → $0.0019"));
        assert_eq!(case.points(100.0, 20.0), "0.0,0.0 100.0,10.0");
    }

    #[test]
    fn without_an_earlier_run_there_is_no_trend() {
        let run = run_json(&sample::passed());
        assert!(trend(&run.models[0], &run).is_none());
        let other = run_json(&sample::media());
        assert!(against(run, &other).history.is_empty(), "another model's");
    }
}
