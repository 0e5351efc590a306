//! Names, limits, secrets and several checks of test cases.

use std::time::Duration;

use serde_json::json;

use super::fake::*;
use super::setting::*;
use crate::domain::case::{Expectation, TestCase, TestedOn};
use crate::domain::output_check::{NumberRange, OutputCheck};
use crate::domain::plan::{Comparison, TestHardware};

fn named(name: &str, n: u64) -> TestCase {
    TestCase { name: Some(name.to_owned()), ..case(&json!({"n": n}), Expectation::Succeeds) }
}

#[tokio::test(start_paused = true)]
async fn names_are_used_everywhere_instead_of_numbers() {
    let fake = Fake::new(|_| output(json!("same")));
    let mut setting = Setting::of(vec![named("a red car", 1), case(&json!({"n": 2}), Expectation::Succeeds)]);
    setting.plan.compare = Comparison::All;
    setting.live = true;
    let outcome = setting.run(&fake).await;
    assert_eq!(statuses(&outcome), ["compare-a red car passed", "compare-2 passed", "a red car passed", "case-2 passed"]);
}

#[tokio::test(start_paused = true)]
async fn a_case_has_a_limit_of_its_own() {
    let fake = Fake::new(|_| Script { run: Duration::from_secs(20), ..output(json!("ok")) });
    let cases = vec![
        TestCase { timeout: Some(Duration::from_secs(5)), ..named("short", 1) },
        TestCase { timeout: Some(Duration::from_secs(60)), ..named("long", 2) },
        named("usual", 3),
    ];
    let mut setting = Setting::of(cases);
    setting.limits.predict = Duration::from_secs(10);
    assert_eq!(statuses(&setting.run(&fake).await), ["short failed", "long passed", "usual failed"]);
}

#[tokio::test(start_paused = true)]
async fn a_case_that_does_not_run_here_is_reported() {
    let fake = Fake::new(|_| output(json!("same")));
    let mut setting = Setting::of(vec![
        TestCase { skip: Some("too slow".to_owned()), ..named("skipped", 1) },
        TestCase { only_on: vec![TestedOn::Live], ..named("live only", 2) },
        TestCase { only_on: vec![TestedOn::Test], ..named("test only", 3) },
    ]);
    setting.plan.compare = Comparison::All;
    setting.live = true;
    let outcome = setting.run(&fake).await;
    // A case of one side has no other side to compare with: generated inputs are compared instead.
    assert_eq!(statuses(&outcome), ["compare-1 passed", "test only passed"]);
    let messages: Vec<&str> = outcome.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages, ["test case 'skipped' did not run: too slow", "test case 'live only' did not run: it runs only on live"]);
}

#[tokio::test(start_paused = true)]
async fn secret_inputs_are_sent_and_shown_nowhere() {
    let fake = Fake::new(|asked| error(&format!("bad key {}", asked.inputs["text"].as_str().unwrap_or("none"))));
    let secret = TestCase { secrets: vec![("text".to_owned(), "hf_secret_value".into())], ..named("secret", 1) };
    let outcome = Setting::of(vec![secret]).run(&fake).await;
    assert_eq!(fake.predictions()[0].inputs["text"], json!("hf_secret_value"));
    assert_eq!(outcome.cases[0].inputs["text"], json!("***"));
    assert!(!format!("{outcome:?}").contains("hf_secret_value"), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn all_of_several_checks_have_to_pass() {
    let of = |text: &str| OutputCheck::Of(Expectation::ExactString(text.to_owned()));
    let seconds = |limit| OutputCheck::MaxPredictSeconds(limit);
    for (checks, wanted) in [
        (vec![of("ok"), OutputCheck::Contains("o".to_owned()), OutputCheck::Regex("^ok$".to_owned()), seconds(1.5)], ""),
        (vec![of("ok"), OutputCheck::Contains("x".to_owned())], "expected an output that contains 'x', got \"ok\""),
        (vec![OutputCheck::Regex("^k".to_owned())], "expected an output that matches '^k', got \"ok\""),
        (vec![OutputCheck::JsonSchema(json!({"type": "string", "maxLength": 1}))], "the output does not fit json_schema: "),
        (vec![seconds(0.5)], "the run time in seconds is 1.0000, above 0.5"),
        (vec![OutputCheck::MaxCost(0.000_2)], ""),
        (vec![OutputCheck::MaxCost(0.000_05)], "the price in dollars is 0.0001, above 0.00005"),
        (vec![OutputCheck::Count(NumberRange { least: 1.0, most: 1.0 })], "expected 1 files, got 0"),
    ] {
        let fake = Fake::new(|_| output(json!("ok")));
        let expectation = Expectation::Checks { checks: checks.clone(), text: "several".to_owned() };
        let mut setting = Setting::of(vec![case(&json!({"n": 1}), expectation)]);
        setting.plan.hardware = TestHardware { tested: Some("cpu".to_owned()), live: None };
        let outcome = setting.run(&fake).await;
        let found = reason(&outcome.cases[0]);
        assert!(if wanted.is_empty() { found.is_empty() } else { found.starts_with(wanted) }, "{checks:?}: {found}");
    }
}
