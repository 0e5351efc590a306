//! What the time of a case went into: its attempts one after another, each waiting and running, then the checks; and the prediction on the
//! live version beside them.

use std::time::Duration;

use super::bars::{self, Bar, Part, total_ms};
use crate::report::json::v1;

/// Rows of more attempts than these would be unreadable.
const ATTEMPTS: usize = 10;

/// The predictions on one version, as a row of bars.
pub(crate) struct Steps {
    pub(crate) version: &'static str,
    /// The bars as text.
    pub(crate) text: String,
    pub(crate) bars: Vec<Bar>,
}

/// A row for each version; none for a case without a prediction.
pub(super) fn steps(case: &v1::Case) -> Vec<Steps> {
    if case.attempts.is_empty() || case.attempts.len() > ATTEMPTS || case.duration_ms == 0 {
        return Vec::new();
    }
    let mut rows = Vec::new();
    if let Some(live) = &case.live {
        rows.push(("live version", attempt(live, "")));
    }
    let is_repeated = case.attempts.len() > 1;
    let mut own: Vec<Part> = Vec::new();
    for (number, tried) in (1..).zip(&case.attempts) {
        own.extend(attempt(tried, &if is_repeated { format!("attempt {number} ") } else { String::new() }));
    }
    let checks_ms = case.duration_ms.saturating_sub(total_ms(&own));
    own.extend(Part::new("checks", checks_ms, "checked for"));
    rows.push(("this version", own));
    let longest_ms = rows.iter().map(|(_, parts)| total_ms(parts)).max().unwrap_or_default().max(1);
    let rows = rows.into_iter().filter(|(_, parts)| !parts.is_empty());
    let row = |(version, parts)| {
        let bars = bars::bars(parts, longest_ms);
        Steps { version, text: bars::text(&bars), bars }
    };
    rows.map(row).collect()
}

/// An attempt, divided if Replicate reported how long it ran.
fn attempt(attempt: &v1::Attempt, name: &str) -> Vec<Part> {
    let run_ms = attempt.predict_seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let run_ms = run_ms.and_then(|run| u64::try_from(run.as_millis()).ok()).map(|run| run.min(attempt.duration_ms));
    match run_ms {
        Some(run_ms) => {
            let waited = Part::new("wait", attempt.duration_ms - run_ms, &format!("{name}waited"));
            waited.into_iter().chain(Part::new("ran", run_ms, &format!("{name}ran"))).collect()
        }
        None => Part::new("ran", attempt.duration_ms, &format!("{name}took")).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::bars::LENGTH;
    use super::*;
    use crate::report::{json, sample};

    #[test]
    fn attempts_follow_each_other_and_the_live_version_has_a_row_of_its_own() {
        let mut case = json::run_json(&sample::failed_case()).models[0].cases[0].clone();
        let mut tried = case.attempts[0].clone();
        (tried.duration_ms, tried.predict_seconds) = (1000, Some(0.25));
        case.live = Some(tried.clone());
        case.attempts = vec![tried.clone(), v1::Attempt { predict_seconds: None, ..tried }];
        case.duration_ms = 4000;
        let rows = steps(&case);
        let shape: Vec<(&str, u64, u64)> = rows[1].bars.iter().map(|bar| (bar.class, bar.start, bar.length)).collect();
        assert_eq!(shape, [("wait", 0, 187), ("ran", 187, 63), ("ran", 250, 250), ("checks", 500, 500)]);
        let texts: Vec<(&str, &str)> = rows.iter().map(|row| (row.version, row.text.as_str())).collect();
        assert_eq!(
            texts,
            [
                ("live version", "waited 0.8 s, ran 0.2 s"),
                ("this version", "attempt 1 waited 0.8 s, attempt 1 ran 0.2 s, attempt 2 took 1.0 s, checked for 2.0 s")
            ]
        );
    }

    #[test]
    fn odd_numbers_do_no_harm() {
        let mut case = json::run_json(&sample::failed_case()).models[0].cases[0].clone();
        for (seconds, duration_ms) in [(f64::NAN, 5), (-1.0, 5), (f64::INFINITY, 5), (1e300, 5), (9.0, u64::MAX), (9.0, 0)] {
            case.attempts[0].predict_seconds = Some(seconds);
            case.attempts[0].duration_ms = duration_ms;
            for row in steps(&case) {
                assert!(row.bars.iter().all(|bar| bar.start + bar.length <= LENGTH), "{seconds}");
            }
        }
    }
}
