//! Fuzz inputs.

use std::time::Duration;

use serde_json::{Value, json};

use super::fake::*;
use super::setting::*;
use crate::clients::replicate::ReplicateFailure;
use crate::domain::case::Expectation;
use crate::domain::plan::FuzzPlan;
use crate::domain::report::CaseStatus;
use crate::verify::VerifyOutcome;

fn schema() -> Value {
    json!({"components": {"schemas": {
        "Input": {"type": "object", "required": ["text"], "properties": {
            "text": {"type": "string", "x-order": 0},
            "n": {"type": "integer", "minimum": 1, "maximum": 10, "default": 2, "x-order": 1},
            "mode": {"type": "string", "enum": ["fast", "best"], "default": "fast", "x-order": 2},
        }},
        "Output": {"type": "string"},
    }}})
}

fn fuzzed(iterations: usize) -> Setting {
    let mut setting = Setting::of(Vec::new());
    setting.schema = schema();
    setting.plan.fuzz = Some(FuzzPlan { iterations, seed: Some(7), ..FuzzPlan::default() });
    setting
}

fn inputs(outcome: &VerifyOutcome) -> Vec<Value> {
    outcome.cases.iter().map(|case| Value::Object(case.inputs.clone())).collect()
}

#[tokio::test(start_paused = true)]
async fn the_seed_is_reported_and_reproduces_the_inputs() {
    let fake = || Fake::new(|_| output(json!("ok")));
    let first = fuzzed(20).run(&fake()).await;
    assert!(first.cases.iter().all(|case| case.status == CaseStatus::Passed));
    assert_eq!((first.cases.len(), first.seed), (20, Some(7)));
    assert_eq!(first.cases[19].id.as_str(), "fuzz-20");
    assert_eq!(inputs(&first), inputs(&fuzzed(20).run(&fake()).await));
    let mut fresh = fuzzed(5);
    fresh.plan.fuzz.as_mut().unwrap().seed = None;
    let outcome = fresh.run(&fake()).await;
    let mut repeated = fuzzed(5);
    repeated.plan.fuzz.as_mut().unwrap().seed = outcome.seed;
    assert_eq!(inputs(&outcome), inputs(&repeated.run(&fake()).await));
}

#[tokio::test(start_paused = true)]
async fn a_failing_input_is_shrunk_and_reported_as_a_command() {
    let fake = Fake::new(|asked| {
        let fails = asked.inputs.get("n") == Some(&json!(10));
        if fails { error("RuntimeError: n=10 is more than this model can take") } else { output(json!("ok")) }
    });
    let outcome = fuzzed(30).run(&fake).await;
    let failed: Vec<_> = outcome.cases.iter().filter(|case| case.status == CaseStatus::Failed).collect();
    assert!(!failed.is_empty());
    let shrunk: Vec<_> = failed.iter().filter_map(|case| case.minimal_inputs.clone()).collect();
    assert_eq!(shrunk.len(), 1, "one failure of a kind is shrunk");
    assert_eq!(Value::Object(shrunk[0].clone()), json!({"text": "a photo of a cat", "n": 10}));
    for case in failed {
        assert_eq!(case.attempts.len(), 2);
        if case.minimal_inputs.is_none() {
            let remark = case.remarks.last().unwrap();
            assert!(remark.starts_with("same error as fuzz-") && remark.ends_with(", which shows how to reproduce it"), "{remark}");
            assert_eq!(case.reproduction, None);
            continue;
        }
        let command = case.reproduction.as_ref().unwrap();
        assert!(command.starts_with("curl -sS -X POST") && command.contains(r#""n":10"#), "{command}");
        assert!(command.contains("$REPLICATE_API_TOKEN") && command.contains(&staged_version().to_string()));
    }
    assert!(outcome.cost.predictions <= 30 + 30 + 10);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_reproduces_a_failure_has_its_files_in_it() {
    let mut setting = fuzzed(3);
    setting.schema = json!({"components": {"schemas": {
        "Input": {"type": "object", "required": ["image"], "properties": {
            "image": {"type": "string", "format": "uri", "description": "An image"},
        }},
        "Output": {"type": "string"},
    }}});
    let outcome = setting.run(&Fake::new(|_| error("RuntimeError: no image"))).await;
    let command = outcome.cases.iter().find_map(|case| case.reproduction.clone()).unwrap();
    assert!(command.contains("\"image\":\"data:image/") && !command.contains('…'), "{command}");
    let shown = outcome.cases[0].inputs["image"].as_str().unwrap();
    assert!(shown.ends_with(" characters)"), "elsewhere it is shortened: {shown}");
}

#[tokio::test(start_paused = true)]
async fn an_output_that_does_not_fit_the_schema_is_a_failure() {
    let fake = Fake::new(|asked| output(if asked.inputs.get("mode") == Some(&json!("best")) { json!(5) } else { json!("ok") }));
    let outcome = fuzzed(10).run(&fake).await;
    let failed: Vec<_> = outcome.cases.iter().filter(|case| case.status == CaseStatus::Failed).collect();
    assert!(failed.iter().all(|case| reason(case) == "output is 5, but must be string"));
    let (shrunk, others): (Vec<_>, Vec<_>) = failed.into_iter().partition(|case| case.minimal_inputs.is_some());
    let [failed] = shrunk[..] else { panic!("one failure of a kind is shrunk") };
    let remark = format!("same error as {}, which shows how to reproduce it", failed.id);
    assert!(others.iter().all(|case| case.remarks.contains(&remark)));
    assert_eq!(Value::Object(failed.minimal_inputs.clone().unwrap()), json!({"text": "a photo of a cat", "mode": "best"}));
}

#[tokio::test(start_paused = true)]
async fn falsy_outputs_are_outputs_and_null_is_not() {
    for (schema_of_output, value, status) in [
        (json!({"type": "integer"}), json!(0), CaseStatus::Passed),
        (json!({"type": "boolean"}), json!(false), CaseStatus::Passed),
        (json!({"type": "string"}), json!(""), CaseStatus::Passed),
        (json!({"type": "array", "items": {"type": "string"}}), json!([]), CaseStatus::Passed),
        (json!({"type": "string", "nullable": true}), json!(null), CaseStatus::Failed),
    ] {
        let fake = Fake::new(move |_| output(value.clone()));
        let mut setting = fuzzed(1);
        setting.schema["components"]["schemas"]["Output"] = schema_of_output;
        assert_eq!(setting.run(&fake).await.cases[0].status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn rejected_generated_inputs_are_our_fault() {
    let fake = Fake::new(|_| {
        fn refusal() -> ReplicateFailure {
            ReplicateFailure::InvalidInput { fields: Vec::new(), detail: "- input.n: no".to_owned() }
        }
        refused(refusal)
    });
    let outcome = fuzzed(2).run(&fake).await;
    assert_eq!(statuses(&outcome), ["fuzz-1 passed", "fuzz-2 passed"]);
    assert_eq!(codes(&outcome), ["SP615", "SP615"]);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_not_shrunk() {
    let fake = Fake::new(|_| Script { ending: Ending::Never, ..output(json!(0)) });
    let mut setting = fuzzed(1);
    setting.limits.predict = Duration::from_secs(5);
    let outcome = setting.run(&fake).await;
    assert_eq!(statuses(&outcome), ["fuzz-1 failed"]);
    assert_eq!(outcome.cost.predictions, 1);
    assert!(outcome.cases[0].minimal_inputs.is_none());
}

#[tokio::test(start_paused = true)]
async fn inputs_that_cannot_be_generated_are_left_out_and_an_error_only_if_nothing_else_is_tested() {
    let fake = Fake::new(|_| output(json!("ok")));
    let mut setting = fuzzed(3);
    setting.schema["components"]["schemas"]["Input"] = json!({
        "type": "object", "required": ["weights"], "properties": {"weights": {"type": "string", "format": "uri"}},
    });
    let outcome = setting.run(&fake).await;
    assert_eq!((outcome.cases.len(), codes(&outcome), outcome.seed), (0, vec!["SP607"], None));
    assert!(outcome.findings[0].is_error());
    // A case that expects an error gives no file that fits.
    setting.plan.cases = vec![case(&json!({"weights": "x"}), Expectation::ErrorContains("refused".to_owned()))];
    let outcome = setting.run(&fake).await;
    assert_eq!((outcome.cases.len(), codes(&outcome)), (1, vec!["SP607"]));
    assert!(!outcome.findings[0].is_error());
}

#[tokio::test(start_paused = true)]
async fn a_model_with_few_different_inputs_gets_each_once_and_says_so() {
    let fake = Fake::new(|_| output(json!("ok")));
    let mut setting = fuzzed(10);
    setting.plan.fuzz.as_mut().unwrap().fixed_inputs = json!({"text": "a", "n": 3, "mode": "best"}).as_object().unwrap().clone();
    let outcome = setting.run(&fake).await;
    assert_eq!((outcome.cases.len(), codes(&outcome), fake.predictions().len()), (1, vec!["SP610"], 1));
    assert!(outcome.findings[0].message.starts_with("fuzz: 1 of 10 inputs are generated"), "{}", outcome.findings[0].message);
}

#[tokio::test(start_paused = true)]
async fn canceling_stops_shrinking() {
    let fake = Fake::new(|_| Script { run: Duration::from_secs(20), ..error("boom") });
    let setting = fuzzed(1);
    let cancelled = setting.cancelled.clone();
    let start = tokio::time::Instant::now();
    let (outcome, ()) = tokio::join!(setting.run(&fake), async {
        tokio::time::sleep(Duration::from_secs(50)).await;
        cancelled.cancel();
    });
    assert_eq!(statuses(&outcome), ["fuzz-1 failed"]);
    assert!(start.elapsed() < Duration::from_secs(55));
}
