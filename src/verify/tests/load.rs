//! Many predictions at once.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::fake::*;
use super::setting::*;
use crate::domain::case::Expectation;
use crate::domain::plan::{Comparison, FuzzPlan};
use crate::domain::report::CaseStatus;

#[tokio::test(start_paused = true)]
async fn two_hundred_predictions_with_platform_errors_are_all_judged_and_none_runs_twice() {
    // 5 % of them meet a platform error on their first attempt.
    let fake = Fake::new(|asked| {
        let n = asked.inputs["n"].as_u64().unwrap();
        if n.is_multiple_of(20) && asked.before == 0 {
            error("interrupted (code: PA)")
        } else {
            output(json!(format!("answer {n}")))
        }
    });
    let cases = (0..200)
        .map(|n| {
            let wanted = if n == 77 { "something else".to_owned() } else { format!("answer {n}") };
            case(&json!({"n": n}), Expectation::ExactString(wanted))
        })
        .collect();
    let mut setting = Setting::of(cases);
    setting.parallel = 16;
    let start = Instant::now();
    let outcome = setting.run(&fake).await;
    assert_eq!(outcome.cases.len(), 200);
    for (index, case) in outcome.cases.iter().enumerate() {
        let wanted = if index == 77 { CaseStatus::Failed } else { CaseStatus::Passed };
        assert_eq!((case.id.as_str(), case.status), (format!("case-{}", index + 1).as_str(), wanted));
        assert_eq!(case.inputs["n"], json!(index));
    }
    // Ten retries for the platform, one for the case that fails.
    assert_eq!((outcome.cost.predictions, outcome.cost.platform_retries), (211, 10));
    let mut created: HashMap<String, usize> = HashMap::new();
    for prediction in fake.predictions() {
        *created.entry(prediction.inputs["n"].to_string()).or_default() += 1;
    }
    assert_eq!(created.len(), 200);
    assert_eq!(created.values().filter(|count| **count == 1).count(), 189);
    assert_eq!(fake.most_in_flight.load(Ordering::SeqCst), 16);
    // 211 predictions of one second, 16 at a time: 14 s, and a little for the waits of the last retries.
    assert!(start.elapsed() < Duration::from_secs(22), "{:?}", start.elapsed());
}

/// The run of `docs/reference/cog-safe-push.md#a-whole-run`: ten cases, a comparison, ten fuzz inputs. cog-safe-push takes 2.35 times the
/// ideal time.
#[tokio::test(start_paused = true)]
async fn the_whole_run_is_near_the_ideal_critical_path() {
    for (latency, parallel, most) in [(300, 4, 1.15), (1000, 4, 1.05), (1000, 16, 1.15), (3000, 4, 1.05)] {
        let fake = Fake::new(move |_| Script { run: Duration::from_millis(latency), ..output(json!("ok")) });
        let mut setting = Setting::of(numbered(10));
        setting.plan.compare = Comparison::First;
        setting.plan.fuzz = Some(FuzzPlan { iterations: 10, seed: Some(1), ..FuzzPlan::default() });
        setting.live = true;
        setting.parallel = parallel;
        let start = Instant::now();
        let outcome = setting.run(&fake).await;
        assert!(outcome.cases.iter().all(|case| case.status == CaseStatus::Passed));
        assert_eq!(fake.predictions().len(), 22);
        let ideal = (22.0 / parallel as f64).ceil() * latency as f64 / 1000.0;
        let ratio = start.elapsed().as_secs_f64() / ideal;
        assert!(ratio <= most, "latency {latency} ms, parallel {parallel}: {ratio:.2}");
    }
}
