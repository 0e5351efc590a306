//! Merges several runs, such as those of the jobs of a matrix.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::{PREVIEW_BYTES, history, previews, v1};

/// Merges runs in the given order; `None` if there are none. The verdict is the most severe one, and the time span covers all of them.
///
/// Of several runs of one model, the newest stays, and the others become its history.
pub(crate) fn merged(runs: Vec<v1::Run>) -> Option<v1::Run> {
    let times = |run: &v1::Run| {
        let start = DateTime::parse_from_rfc3339(&run.started_at).ok()?.to_utc();
        let duration = TimeDelta::milliseconds(i64::try_from(run.duration_ms).ok()?);
        Some((start, start.checked_add_signed(duration)?))
    };
    let times: Option<Vec<(DateTime<Utc>, DateTime<Utc>)>> = runs.iter().map(times).collect();
    let (kept, history) = history::split(&runs);
    let mut runs = runs.into_iter().zip(kept).map(|(run, models)| v1::Run { models, ..run });
    let mut all = runs.next()?;
    all.history = history;
    for run in runs {
        // Jobs of one workflow share their origin. Runs of several have none together.
        all.origin = all.origin.filter(|origin| run.origin.as_ref() == Some(origin));
        all.verdict = all.verdict.max(run.verdict);
        all.duration_ms = all.duration_ms.saturating_add(run.duration_ms);
        if !all.tool_version.split(", ").any(|version| version == run.tool_version) {
            all.tool_version = format!("{}, {}", all.tool_version, run.tool_version);
        }
        for notice in run.notices {
            if !all.notices.contains(&notice) {
                all.notices.push(notice);
            }
        }
        all.error = all.error.or(run.error);
        for finding in run.findings {
            if !all.findings.contains(&finding) {
                all.findings.push(finding);
            }
        }
        all.models.extend(run.models);
    }
    if !all.history.is_empty() {
        // What an earlier run of a model found is history.
        all.verdict = all.models.iter().map(|model| model.verdict).max().unwrap_or(all.verdict);
    }
    all.exit_code = all.verdict.exit_code();
    // If a time cannot be read, the durations are added up.
    if let Some(times) = times
        && let (Some(start), Some(end)) = (times.iter().map(|time| time.0).min(), times.iter().map(|time| time.1).max())
    {
        all.started_at = start.to_rfc3339_opts(SecondsFormat::Secs, true);
        all.duration_ms = u64::try_from((end - start).num_milliseconds()).unwrap_or_default();
    }
    previews::bound(&mut all, PREVIEW_BYTES);
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::verdict::Verdict;
    use crate::report::json::run_json;
    use crate::report::sample;

    #[test]
    fn merging_joins_the_models_of_all_jobs() {
        let mut second = run_json(&sample::media());
        second.started_at = "2026-01-02T03:05:00Z".to_owned();
        second.tool_version = "0.2.0".to_owned();
        second.notices.push("another notice".to_owned());
        let all = merged(vec![run_json(&sample::passed()), second.clone()]).unwrap();
        let names: Vec<&str> = all.models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["hotdog", "skyline"]);
        assert_eq!((all.verdict, all.exit_code), (Verdict::Failed, 1));
        // From 03:04:05 to 88 seconds after 03:05:00.
        assert_eq!((all.started_at.as_str(), all.duration_ms), ("2026-01-02T03:04:05Z", 143_000));
        assert_eq!(all.tool_version, "0.1.0, 0.2.0");
        assert_eq!(all.notices.len(), 2);
        assert_eq!(all.models[1], second.models[0], "files, comparisons and copies are those of the job");
        assert!(all.models[1].cases[0].files[0].preview.is_some());
    }

    #[test]
    fn one_run_stays_unchanged_and_no_runs_give_none() {
        let run = run_json(&sample::media());
        assert_eq!(merged(vec![run.clone()]), Some(run));
        assert_eq!(merged(Vec::new()), None);
    }

    #[test]
    fn earlier_runs_of_a_model_become_its_history_whatever_their_order() {
        let mut older = run_json(&sample::failed_case());
        older.started_at = "2026-01-01T00:00:00Z".to_owned();
        let newer = run_json(&sample::passed());
        for runs in [vec![older.clone(), newer.clone()], vec![newer.clone(), older.clone()]] {
            let all = merged(runs).unwrap();
            assert_eq!(all.models, newer.models);
            assert_eq!((all.verdict, all.exit_code), (Verdict::Passed, 0), "that of the models that stay");
            let [entry] = &all.history[..] else { panic!("{:?}", all.history) };
            assert_eq!((entry.verdict, entry.cases.len()), (Verdict::Failed, 4));
        }
    }

    #[test]
    fn jobs_of_one_workflow_run_keep_all_their_models() {
        let mut run = run_json(&sample::passed());
        run.origin = Some(v1::Origin { ci_run_url: Some("https://x/1".to_owned()), ..v1::Origin::default() });
        let all = merged(vec![run.clone(), run]).unwrap();
        assert_eq!((all.models.len(), all.history.len()), (2, 0));
    }

    #[test]
    fn with_unreadable_times_durations_are_added_up() {
        let mut run = run_json(&sample::passed());
        run.started_at = "yesterday".to_owned();
        let all = merged(vec![run.clone(), run]).unwrap();
        assert_eq!((all.started_at.as_str(), all.duration_ms), ("yesterday", 176_000));
    }
}
