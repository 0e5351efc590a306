//! The run with which cog-safe-push was measured: it passes, and its failures are reported.

use std::time::Duration;

use replicate_sandbox::{ScriptedReply, ScriptedRequest};
use serde_json::{Value, json};
use test_support::Seen;
use test_support::fake_claude::Asked;
use test_support::whole_run::{self, WholeRun, agreeing};

const LATENCY: Duration = Duration::from_millis(50);

fn hello(request: &ScriptedRequest) -> ScriptedReply {
    whole_run::hello(request, LATENCY)
}

async fn run_of(
    answer: impl Fn(&ScriptedRequest) -> ScriptedReply + Send + Sync + 'static,
    opinion: impl Fn(&Asked) -> Value + Send + Sync + 'static,
) -> WholeRun {
    WholeRun::new(LATENCY, Duration::ZERO, answer, opinion).await
}

/// Checks that a failure names the case, its inputs, the expected and the actual output, and the prediction's page.
fn assert_reports(whole: &WholeRun, seen: &Seen, id: &str, words: &[&str]) {
    assert_eq!(seen.code, Some(1), "{seen}");
    let start = seen.stdout.find(&format!("{id} failed")).unwrap_or_else(|| panic!("no {id} in {seen}"));
    let entry = seen.stdout[start..].split("\n\n").next().unwrap();
    for word in words {
        assert!(entry.contains(word), "'{word}' is missing from the failure of {id}:\n{entry}");
    }
    let case = whole.case(id);
    let url = case["url"].as_str().unwrap();
    let prediction = case["prediction_id"].as_str().unwrap();
    assert!(url.ends_with(prediction), "{case:#}");
    // The harness replaces what differs between runs.
    assert!(entry.contains("page") && entry.contains("/p/"), "{entry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_passes() {
    let whole = run_of(hello, agreeing).await;
    let seen = whole.verify().await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(whole.claude.refused(), Vec::<String>::new());

    let cases = whole.cases();
    let count = |kind: &str| cases.iter().filter(|case| case["kind"] == kind && case["status"] == "passed").count();
    assert_eq!((count("compare"), count("case"), count("fuzz")), (1, 10, 10), "{seen}");

    let asked = whole.claude.asked();
    assert_eq!(asked.iter().filter(|asked| asked.tool == "verdict").count(), 2);
    let shown: Vec<_> = asked.iter().filter(|asked| !asked.pictures.is_empty()).collect();
    assert_eq!(shown.len(), 1);
    assert!(shown[0].text.contains("64 x 64 pixels") && shown[0].text.contains("a smooth picture"), "{}", shown[0].text);
    // One batch: it had twelve inputs, of which two do not fit.
    assert_eq!(asked.iter().filter(|asked| asked.tool == "inputs").count(), 1);
    let wish = asked.iter().find(|asked| asked.tool == "inputs").unwrap();
    for words in ["Greet many kinds of people", "shout", "Never give these inputs"] {
        assert!(wish.text.contains(words), "{}", wish.text);
    }
    for case in cases.iter().filter(|case| case["kind"] == "fuzz") {
        let inputs = case["inputs"].as_object().unwrap();
        assert!(inputs["text"].as_str().unwrap().starts_with("person "), "{case}");
        assert!(inputs["shout"] == json!(false) && !inputs.contains_key("seed"), "{case}");
    }
    whole.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_output_is_reported() {
    let changed = |request: &ScriptedRequest| match request.input["text"].as_str() {
        Some("world") => ScriptedReply::output("howdy world"),
        _ => hello(request),
    };
    let whole = run_of(changed, agreeing).await;
    let seen = whole.verify().await;
    assert_reports(&whole, &seen, "case-1", &[r#""text":"world""#, "hello world", "howdy world"]);
    assert_reports(&whole, &seen, "compare-1", &[r#""text":"world""#, "hello world", "howdy world"]);
    assert_eq!(whole.case("case-2")["status"], "passed");
    whole.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_fuzz_input_is_reported_with_a_smaller_one_and_a_command() {
    let picky = |request: &ScriptedRequest| match request.input.get("n").and_then(Value::as_i64) {
        Some(2..9) => ScriptedReply::failure("RuntimeError: n is more than this model can take"),
        _ => hello(request),
    };
    let whole = run_of(picky, agreeing).await;
    let seen = whole.verify().await;
    let failed: Vec<Value> =
        whole.cases().into_iter().filter(|case| case["kind"] == "fuzz" && case["status"] == "failed").collect();
    assert!(!failed.is_empty(), "{seen}");
    let id = failed[0]["id"].as_str().unwrap();
    assert_reports(&whole, &seen, id, &["RuntimeError: n is more than this model can take", "inputs", "person "]);
    assert!(seen.stdout.contains("reproduce it with: curl -sS -X POST"), "{seen}");
    whole.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_the_judge_rejects_is_reported_with_the_reason() {
    let strict = |asked: &Asked| {
        if asked.tool == "verdict" && asked.text.contains("friendly") {
            return json!({"reason": "The text is hostile.", "verdict": "no"});
        }
        agreeing(asked)
    };
    let whole = run_of(hello, strict).await;
    let seen = whole.verify().await;
    assert_reports(&whole, &seen, "case-9", &[r#""text":"friend""#, "a friendly greeting", "hello friend", "The text is hostile."]);
    // Best of three for each of the two attempts.
    assert_eq!(whole.claude.asked().iter().filter(|asked| asked.text.contains("friendly")).count(), 6);
    whole.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_key_is_an_error_with_a_fix() {
    let whole = run_of(hello, agreeing).await;
    let whole = WholeRun { repository: whole.repository.variable("ANTHROPIC_API_KEY", "sk-ant-other"), ..whole };
    let seen = whole.verify().await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stdout.contains("ANTHROPIC_API_KEY"), "{seen}");
    // The key is proven while the first predictions run, as many as run at once.
    assert!(whole.sandbox.predictions().len() <= 4, "hardly anything is spent: {seen}");
    assert!(!format!("{seen}").contains("sk-ant-other"), "{seen}");
    whole.sandbox.stop().await;
}
