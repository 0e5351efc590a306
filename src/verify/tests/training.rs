//! Trainings.

use std::time::Duration;

use serde_json::{Value, json};

use super::fake::{Ending, Fake, Script, destination, error, output};
use super::setting::{Setting, case, codes, numbered, reason, statuses, text_schema};
use crate::domain::case::{Expectation, TestCase};
use crate::domain::plan::{FuzzPlan, TrainPlan};
use crate::domain::prediction::PredictionStatus;
use crate::domain::report::CaseStatus;

const MADE: &str = "acme/hotdog-test-dest:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

fn schema() -> Value {
    let mut schema = text_schema();
    schema["components"]["schemas"]["TrainingInput"] = json!({"type": "object", "required": ["data"], "properties": {
        "data": {"type": "string", "maxLength": 40}, "epochs": {"type": "integer", "minimum": 1, "maximum": 3},
        "key": {"type": "string", "format": "password", "x-cog-secret": true},
    }});
    schema["components"]["schemas"]["TrainingOutput"] =
        json!({"type": "object", "required": ["weights"], "properties": {"weights": {"type": "string", "format": "uri"}}});
    schema
}

fn setting(predictions: Vec<TestCase>, trainings: Vec<TestCase>, fuzz: Option<FuzzPlan>) -> Setting {
    let train = TrainPlan { destination: destination(), destination_hardware: "cpu".to_owned(), cases: trainings, fuzz };
    Setting { train: Some(train), schema: schema(), ..Setting::of(predictions) }
}

fn training(inputs: &Value) -> TestCase {
    case(inputs, Expectation::Succeeds)
}

fn trained() -> Value {
    json!({"version": MADE, "weights": "https://files.example/weights.tar"})
}

/// Predictions return text, trainings a version.
fn both() -> impl Fn(&super::fake::FakeCall<'_>) -> Script {
    |asked| if asked.training { output(trained()) } else { output(json!("hello")) }
}

#[tokio::test(start_paused = true)]
async fn trainings_follow_predictions_and_their_versions_are_named() {
    let fake = Fake::new(both());
    let jq = case(&json!({"data": "b"}), Expectation::JqQuery(".weights | endswith(\".tar\")".to_owned()));
    let outcome = setting(numbered(1), vec![training(&json!({"data": "a"})), jq], None).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 passed", "train-1 passed", "train-2 passed"]);
    assert_eq!(outcome.cases[1].remarks, [format!("created version {MADE}")]);
    assert_eq!(codes(&outcome), ["SP618"]);
    assert_eq!(outcome.findings[0].message, format!("test trainings left 2 versions behind: {MADE}, {MADE}"));
    let hint = outcome.findings[0].hint.as_deref().unwrap();
    assert_eq!(hint, "delete what you do not need at https://replicate.com/acme/hotdog-test-dest/versions");
    assert_eq!((outcome.cost.predictions, outcome.cost.predict_seconds), (3, 3.0));
    assert_eq!(fake.downloads.load(std::sync::atomic::Ordering::SeqCst), 0, "weights may be gigabytes");
}

#[tokio::test(start_paused = true)]
async fn a_training_that_fails_is_repeated_once_and_reports_why() {
    let fake = Fake::new(|asked| if asked.training { error("ValueError: the data is empty") } else { output(json!("hello")) });
    let outcome = setting(numbered(1), vec![training(&json!({"data": ""}))], None).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 passed", "train-1 failed"]);
    assert_eq!(outcome.cases[1].attempts.len(), 2);
    assert_eq!(reason(&outcome.cases[1]), "the training failed: ValueError: the data is empty");
    assert!(codes(&outcome).is_empty(), "nothing was left behind");
    let expected = vec![case(&json!({"data": ""}), Expectation::ErrorContains("empty".to_owned()))];
    assert_eq!(statuses(&setting(numbered(1), expected, None).run(&fake).await), ["case-1 passed", "train-1 passed"]);
}

#[tokio::test(start_paused = true)]
async fn a_training_has_its_own_limit_and_is_canceled_there() {
    let fake = Fake::new(|asked| {
        let run = Duration::from_secs(if asked.training { 3000 } else { 1 });
        Script { run, ..if asked.training { output(trained()) } else { output(json!("hello")) } }
    });
    let mut setting = setting(numbered(1), vec![training(&json!({"data": "a"}))], None);
    setting.limits.train = Duration::from_secs(60);
    let outcome = setting.run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 passed", "train-1 failed"]);
    assert!(reason(&outcome.cases[1]).contains("1 min"), "{}", reason(&outcome.cases[1]));
    let trainings: Vec<_> = fake.predictions().into_iter().filter(|case| case.id.as_str().starts_with('t')).collect();
    assert!(trainings.iter().all(|training| training.status == PredictionStatus::Canceled), "{trainings:?}");
    setting.limits.train = Duration::from_secs(4000);
    assert_eq!(statuses(&setting.run(&fake).await), ["case-1 passed", "train-1 passed"]);
}

#[tokio::test(start_paused = true)]
async fn a_training_is_retried_after_a_platform_error() {
    let fake = Fake::new(|asked| match (asked.training, asked.before) {
        (true, 0) => error("Prediction interrupted; please retry (code: PA)"),
        (true, _) => output(trained()),
        (false, _) => output(json!("hello")),
    });
    let outcome = setting(numbered(1), vec![training(&json!({"data": "a"}))], None).run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 passed", "train-1 passed"]);
    assert_eq!((outcome.cost.predictions, outcome.cost.platform_retries), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn canceling_stops_a_training_at_the_service() {
    let fake =
        Fake::new(
            |asked| {
                if asked.training { Script { ending: Ending::Never, ..output(Value::Null) } } else { output(json!("hello")) }
            },
        );
    let setting = setting(numbered(1), vec![training(&json!({"data": "a"})), training(&json!({"data": "b"}))], None);
    let cancelled = setting.cancelled.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        cancelled.cancel();
    });
    // The setting asserts that nothing keeps running.
    let outcome = setting.run(&fake).await;
    assert_eq!(statuses(&outcome), ["case-1 passed", "train-1 cancelled", "train-2 cancelled"]);
}

#[tokio::test(start_paused = true)]
async fn fuzz_inputs_fit_the_schema_of_trainings_and_failures_are_reproducible() {
    let fake = Fake::new(|asked| {
        let epochs = asked.inputs.get("epochs").and_then(Value::as_u64);
        assert!(!asked.training || (asked.inputs.contains_key("data") && epochs.is_none_or(|n| (1..=3).contains(&n))));
        match (asked.training, epochs) {
            (true, Some(3)) => error("RuntimeError: three is too many"),
            (true, _) => output(trained()),
            (false, _) => output(json!("hello")),
        }
    });
    let fuzz = FuzzPlan { iterations: 12, seed: Some(5), ..FuzzPlan::default() };
    let outcome = setting(numbered(1), Vec::new(), Some(fuzz)).run(&fake).await;
    assert_eq!((outcome.cases.len(), outcome.seed), (13, Some(5)));
    let failed: Vec<_> = outcome.cases.iter().filter(|case| case.status == CaseStatus::Failed).collect();
    assert!(!failed.is_empty(), "{:?}", statuses(&outcome));
    for case in failed {
        assert_eq!((case.inputs["epochs"].as_u64(), &case.minimal_inputs), (Some(3), &None), "{case:?}");
        let command = case.reproduction.as_ref().unwrap();
        assert!(
            command.starts_with("curl -sS")
                && command.contains(r#""destination":"acme/hotdog-test-dest""#)
                && command.ends_with("/trainings"),
            "{command}"
        );
        assert_eq!(case.attempts.len(), 2, "trainings cost too much to look for smaller inputs");
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_of_trainings_are_hidden() {
    let fake = Fake::new(|asked| if asked.training { error("the key hunter2 is wrong") } else { output(json!("hello")) });
    let outcome = setting(numbered(1), vec![training(&json!({"data": "a", "key": "hunter2"}))], None).run(&fake).await;
    assert!(!format!("{outcome:?}").contains("hunter2"), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_trainer_that_never_boots_stops_everything() {
    let fake = Fake::new(|asked| if asked.training { error("Model setup failed: failed to boot") } else { output(json!("hello")) });
    let trainings = (0..6).map(|n| training(&json!({"data": n.to_string()}))).collect();
    let outcome = setting(numbered(1), trainings, None).run(&fake).await;
    let made = fake.predictions().iter().filter(|case| case.id.as_str().starts_with('t')).count();
    assert!(made <= 2, "{made} trainings were paid for: {:?}", statuses(&outcome));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_can_only_be_trained_gets_no_prediction() {
    let fake = Fake::new(both());
    let mut setting = setting(Vec::new(), vec![training(&json!({"data": "a"}))], None);
    setting.schema["components"]["schemas"].as_object_mut().unwrap().remove("Input");
    assert_eq!(statuses(&setting.run(&fake).await), ["train-1 passed"]);
}

#[tokio::test(start_paused = true)]
async fn weights_that_are_not_a_file_are_reported() {
    let fake =
        Fake::new(|asked| if asked.training { output(json!({"version": MADE, "weights": 5})) } else { output(json!("hello")) });
    let outcome = setting(numbered(1), vec![training(&json!({"data": "a"}))], None).run(&fake).await;
    assert_eq!(codes(&outcome), ["SP611", "SP618"]);
}
