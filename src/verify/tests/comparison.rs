//! Comparison with the live version.

use std::time::Duration;

use serde_json::{Value, json};

use super::fake::*;
use super::outputs::image;
use super::setting::*;
use crate::clients::replicate::ReplicateFailure;
use crate::domain::case::{CaseKind, Expectation};
use crate::domain::output::ComparedWith;
use crate::domain::plan::Comparison;

fn compared(cases: usize) -> Setting {
    let mut setting = Setting::of(numbered(cases));
    setting.plan.compare = Comparison::First;
    setting.live = true;
    setting
}

/// Outputs of each side, one for each repetition of the inputs.
fn sides(staged: &'static [&'static str], live: &'static [&'static str]) -> std::sync::Arc<Fake> {
    Fake::new(move |asked| {
        let texts = if asked.live { live } else { staged };
        output(json!(texts[asked.before.min(texts.len() - 1)]))
    })
}

/// Runs only the comparison, with the inputs of the first case.
async fn comparison(fake: &std::sync::Arc<Fake>) -> (String, String, crate::verify::VerifyOutcome) {
    let mut setting = compared(0);
    setting.plan.cases = Vec::new();
    let outcome = setting.run(fake).await;
    assert_eq!(outcome.cases.len(), 1);
    assert_eq!(outcome.cases[0].kind, CaseKind::Compare);
    (statuses(&outcome)[0].clone(), reason(&outcome.cases[0]), outcome)
}

#[tokio::test(start_paused = true)]
async fn equal_outputs_pass_with_one_prediction_each() {
    let fake = sides(&["same"], &["same"]);
    let (status, _, outcome) = comparison(&fake).await;
    assert_eq!(status, "compare-1 passed");
    assert_eq!(outcome.cost.predictions, 2);
    assert_eq!(outcome.cases[0].live.as_ref().unwrap().output, Some(json!("same")));
    assert!(outcome.seed.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_changed_output_fails_when_the_live_version_repeats_itself() {
    let fake = sides(&["howdy world"], &["hello world"]);
    let (status, reason, outcome) = comparison(&fake).await;
    assert_eq!(status, "compare-1 failed");
    assert_eq!(reason, "the output differs from the live version's: the texts differ");
    let remarks = &outcome.cases[0].remarks;
    for line in ["- hello world", "+ howdy world", "the live version returned the same output twice, so the difference is a change"]
    {
        assert!(remarks.iter().any(|remark| remark == line), "{remarks:?}");
    }
    assert_eq!(outcome.cost.predictions, 4);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_never_repeats_itself_passes_with_a_note() {
    let fake = sides(&["cat on a mat", "dog on a log"], &["hen in a pen", "fox in a box"]);
    let (status, _, outcome) = comparison(&fake).await;
    // Not flaky: nothing failed.
    assert_eq!((status.as_str(), codes(&outcome)), ("compare-1 passed", vec!["SP613"]));
    assert!(outcome.cases[0].attempts.iter().all(|attempt| attempt.reason.is_none()));
    assert!(outcome.findings.iter().all(|finding| !finding.is_error()));
}

#[tokio::test(start_paused = true)]
async fn another_kind_of_output_fails_even_if_the_model_is_random() {
    let fake = Fake::new(|asked| match (asked.live, asked.before) {
        (true, 0) => output(json!("one")),
        (true, _) => output(json!("two")),
        (false, _) => output(json!(["one"])),
    });
    let (status, reason, _) = comparison(&fake).await;
    assert_eq!((status.as_str(), reason.as_str()), ("compare-1 failed", "output is an array, the live version's a string"));
}

#[tokio::test(start_paused = true)]
async fn a_difference_that_goes_away_is_flaky() {
    let fake = sides(&["wrong", "right"], &["right"]);
    let (status, _, outcome) = comparison(&fake).await;
    assert_eq!(status, "compare-1 flaky");
    assert_eq!(codes(&outcome), ["SP614"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_live_version_is_not_a_failure_of_the_staged_one() {
    let fake = Fake::new(|asked| if asked.live { error("old bug") } else { output(json!("ok")) });
    let (status, _, outcome) = comparison(&fake).await;
    assert_eq!((status.as_str(), codes(&outcome)), ("compare-1 passed", vec!["SP616"]));
    assert!(outcome.cases[0].remarks[0].contains("old bug"));
    let both = Fake::new(|_| error("same bug"));
    let (status, _, outcome) = comparison(&both).await;
    assert_eq!((status.as_str(), codes(&outcome)), ("compare-1 passed", vec!["SP616"]));
    let refused_by_live = Fake::new(|asked| {
        fn refusal() -> ReplicateFailure {
            ReplicateFailure::InvalidInput { fields: Vec::new(), detail: "no such input".to_owned() }
        }
        if asked.live { refused(refusal) } else { output(json!("ok")) }
    });
    assert_eq!(comparison(&refused_by_live).await.0, "compare-1 passed");
}

#[tokio::test(start_paused = true)]
async fn a_staged_version_that_fails_where_live_succeeds_fails() {
    let fake = Fake::new(|asked| if asked.live { output(json!("ok")) } else { error("new bug") });
    let (status, reason, _) = comparison(&fake).await;
    assert_eq!((status.as_str(), reason.as_str()), ("compare-1 failed", "the staged version failed: new bug"));
    let fake = Fake::new(|asked| if asked.live { output(json!("ok")) } else { output(Value::Null) });
    let (status, reason, _) = comparison(&fake).await;
    assert_eq!((status.as_str(), reason.as_str()), ("compare-1 failed", "the staged version returned no output"));
}

#[tokio::test(start_paused = true)]
async fn both_versions_get_the_same_seed_if_the_model_takes_one() {
    let fake = Fake::new(|_| output(json!("https://x/a.png"))).with_file("https://x/a.png", image(1));
    let mut setting = compared(1);
    setting.schema = file_schema();
    let outcome = setting.run(&fake).await;
    assert_eq!(statuses(&outcome), ["compare-1 passed", "case-1 passed"]);
    assert_eq!(outcome.cases[0].inputs["seed"], json!(1));
    assert!(!outcome.cases[1].inputs.contains_key("seed"), "the case itself is sent as written");
    let seeds: Vec<_> = fake.predictions().iter().map(|prediction| prediction.inputs.get("seed").cloned()).collect();
    assert_eq!(seeds.iter().filter(|seed| **seed == Some(json!(1))).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn images_are_compared_by_pixels_and_their_format() {
    let (one, two) = ("https://x/staged.png", "https://x/live.png");
    for (shade, passes) in [(100, true), (101, true), (180, false)] {
        let fake = Fake::new(move |asked| output(json!(if asked.live { two } else { one })))
            .with_file(one, image(shade))
            .with_file(two, image(100));
        let mut setting = compared(0);
        setting.schema = file_schema();
        let outcome = setting.run(&fake).await;
        let wanted = if passes { "compare-1 passed" } else { "compare-1 failed" };
        assert_eq!(statuses(&outcome), [wanted], "{shade}");
        let [compared] = &outcome.cases[0].comparisons[..] else { panic!("{:?}", outcome.cases[0]) };
        assert_eq!((compared.place.as_str(), compared.with, compared.same), ("output", ComparedWith::Live, passes));
        if !passes {
            assert_eq!(
                reason(&outcome.cases[0]),
                "output differs from the live version's: the mean color distance is 80.0, above 8.0 (compare.mean_color_distance: measured \
                 80, limit 8; compare.worst_tile_distance: measured 80, limit 64)"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_case_is_compared_on_request_except_expected_failures() {
    let fake = sides(&["same"], &["same"]);
    let mut setting = compared(3);
    setting.plan.cases[1].expectation = Expectation::ErrorContains("x".to_owned());
    setting.plan.compare = Comparison::All;
    let ids: Vec<String> = setting.run(&fake).await.cases.iter().map(|case| case.id.to_string()).collect();
    assert_eq!(ids, ["compare-1", "compare-3", "case-1", "case-2", "case-3"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_live_version_the_skipped_comparison_is_reported() {
    let fake = sides(&["same"], &[]);
    let mut setting = compared(1);
    setting.live = false;
    let outcome = setting.run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 passed"]);
    assert_eq!(setting.listener.notices(), ["no live version to compare with"]);
}

#[tokio::test(start_paused = true)]
async fn an_official_live_model_is_called_by_name() {
    let fake = Fake::new(|asked| {
        fn not_found() -> ReplicateFailure {
            ReplicateFailure::NotFound { detail: "The requested resource could not be found.".to_owned() }
        }
        if asked.live && !asked.by_name { refused(not_found) } else { output(json!("same")) }
    });
    assert_eq!(comparison(&fake).await.0, "compare-1 passed");
}

#[tokio::test(start_paused = true)]
async fn both_versions_boot_at_the_same_time() {
    let fake = Fake::new(|_| Script { boot: Duration::from_secs(100), ..output(json!("same")) });
    let start = tokio::time::Instant::now();
    assert_eq!(comparison(&fake).await.0, "compare-1 passed");
    assert!(start.elapsed() < Duration::from_secs(105), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_live_version_that_never_boots_is_a_warning() {
    let fake = Fake::new(|asked| Script {
        boot: if asked.live { Duration::from_secs(10_000) } else { Duration::ZERO },
        ..output(json!("ok"))
    });
    let (status, _, outcome) = comparison(&fake).await;
    assert_eq!((status.as_str(), codes(&outcome)), ("compare-1 passed", vec!["SP616"]));
    assert!(outcome.stopped.is_none());
}

#[tokio::test(start_paused = true)]
async fn equal_but_broken_outputs_are_reported() {
    let fake = sides(&[" "], &[" "]);
    let (status, _, outcome) = comparison(&fake).await;
    assert_eq!((status.as_str(), codes(&outcome)), ("compare-1 passed", vec!["SP612"]));
}

#[tokio::test(start_paused = true)]
async fn another_file_format_is_a_change() {
    let fake = Fake::new(|asked| output(json!(if asked.live { "https://x/a.md" } else { "https://x/a.txt" })))
        .with_file("https://x/a.md", "same")
        .with_file("https://x/a.txt", "same");
    let mut setting = compared(0);
    setting.schema = file_schema();
    let outcome = setting.run(&fake).await;
    assert_eq!(statuses(&outcome), ["compare-1 failed"]);
    assert_eq!(reason(&outcome.cases[0]), "output differs from the live version's: the file format changed from md to txt");
}

/// Compares an image of each side. Files that are `None` cannot be fetched.
async fn comparison_of_images(staged: Option<u8>, live: [Option<u8>; 2]) -> (String, String, crate::verify::VerifyOutcome) {
    let mut fake = Fake::new(|asked| output(json!(format!("https://x/{}-{}.png", asked.live, asked.before))));
    for (before, live) in live.into_iter().enumerate() {
        for (is_live, shade) in [(true, live), (false, staged)] {
            if let Some(shade) = shade {
                fake = fake.with_file(&format!("https://x/{is_live}-{before}.png"), image(shade));
            }
        }
    }
    let mut setting = compared(0);
    setting.schema = file_schema();
    let outcome = setting.run(&fake).await;
    (statuses(&outcome)[0].clone(), outcome.cases[0].remarks.join("\n"), outcome)
}

#[tokio::test(start_paused = true)]
async fn live_files_that_cannot_be_fetched_are_nothing_to_compare_with() {
    let (status, remarks, outcome) = comparison_of_images(Some(100), [None, None]).await;
    assert_eq!((status.as_str(), codes(&outcome)), ("compare-1 passed", vec!["SP616"]));
    assert!(outcome.findings[0].message.contains("could not be fetched"), "{:?}", outcome.findings);
    assert!(!remarks.contains("alike") && !remarks.contains("different outputs"), "{remarks}");
    // Only the second file of the live version is missing: a difference may be a change or not.
    let (status, remarks, outcome) = comparison_of_images(Some(200), [Some(100), None]).await;
    assert_eq!((status.as_str(), codes(&outcome)), ("compare-1 passed", vec!["SP616"]));
    assert!(remarks.contains("whether the difference is a change is not known"), "{remarks}");
}

#[tokio::test(start_paused = true)]
async fn a_staged_file_that_cannot_be_fetched_fails() {
    for live in [[Some(100), Some(100)], [Some(100), Some(200)], [Some(100), None]] {
        let (status, _, outcome) = comparison_of_images(None, live).await;
        assert_eq!(status, "compare-1 failed", "{live:?}");
        assert!(reason(&outcome.cases[0]).contains("could not be fetched"), "{live:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn outputs_of_the_second_round_are_compared_even_if_live_had_none_in_the_first() {
    let first_fails = |staged: Value, live: Value| {
        Fake::new(move |asked| match (asked.live, asked.before) {
            (true, 0) => output(Value::Null),
            (false, 0) => error("first oops"),
            (live_side, _) => output(if live_side { live.clone() } else { staged.clone() }),
        })
    };
    let (status, _, outcome) = comparison(&first_fails(json!("same"), json!("same"))).await;
    assert_eq!((status.as_str(), codes(&outcome)), ("compare-1 flaky", vec!["SP614"]));
    let (status, reason, outcome) = comparison(&first_fails(json!(["other"]), json!("text"))).await;
    assert_eq!((status.as_str(), reason.as_str()), ("compare-1 failed", "output is an array, the live version's a string"));
    assert!(codes(&outcome).contains(&"SP616"), "{:?}", outcome.findings);
    // The values are alike, but whether their difference is a change is not known.
    let (status, _, outcome) = comparison(&first_fails(json!("a dog"), json!("a cat"))).await;
    assert_eq!(status, "compare-1 flaky");
    assert!(codes(&outcome).contains(&"SP616"), "{:?}", outcome.findings);
    let (status, _, outcome) = comparison(&first_fails(json!("a dog"), Value::Null)).await;
    assert_eq!(status, "compare-1 flaky");
    assert!(codes(&outcome).contains(&"SP616"), "{:?}", outcome.findings);
}
