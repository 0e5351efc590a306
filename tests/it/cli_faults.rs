//! Verification through the CLI while the service or the network has faults. Scripted versions answer; no Docker is needed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use http::{Method, StatusCode};
use insta::assert_snapshot;
use replicate_sandbox::{Fault, FaultEffect, Sandbox, SandboxOptions, Script, ScriptedReply, Visibility};
use safe_push::support::ExposeSecret;
use serde_json::{Value, json};
use test_support::{Repository, Seen};

const CASES: usize = 200;

/// A sandbox with one scripted version of `acme/numbers`, and a repository that tests it.
struct Numbers {
    sandbox: Sandbox,
    repository: Repository,
}

impl Numbers {
    async fn new(cases: usize, script: Script) -> Self {
        let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.create_model("acme/numbers", Visibility::Public, "cpu").unwrap();
        sandbox.push_scripted_version("acme/numbers", Some(schema()), script).unwrap();
        let repository = Repository::new()
            .variable("REPLICATE_BASE_URL", sandbox.base_url())
            .variable("REPLICATE_API_TOKEN", sandbox.api_token().expose_secret());
        repository.write("cog-safe-push.yaml", &config(cases));
        Self { sandbox, repository }
    }

    /// Runs the CLI without blocking the sandbox, which lives in this process.
    async fn verify(&self, flags: &str) -> Seen {
        let line = format!("verify acme/numbers {flags}");
        tokio::task::block_in_place(|| self.repository.run(&line))
    }

    /// The number of predictions for each input.
    fn runs(&self) -> BTreeMap<u64, usize> {
        let mut runs = BTreeMap::new();
        for prediction in self.sandbox.predictions() {
            *runs.entry(prediction.input["number"].as_u64().unwrap()).or_default() += 1;
        }
        runs
    }
}

fn schema() -> Value {
    json!({"openapi": "3.0.2", "info": {"title": "Cog", "version": "0.1.0"}, "paths": {}, "components": {"schemas": {
        "Input": {"type": "object", "title": "Input", "required": ["number"], "properties": {
            "number": {"type": "integer", "title": "Number", "description": "Which number to name", "x-order": 0},
        }},
        "Output": {"type": "string", "title": "Output"},
    }}})
}

fn config(cases: usize) -> String {
    let mut text = "model: acme/numbers\npredict:\n  compare_outputs: false\n  test_cases:\n".to_owned();
    for number in 0..cases {
        writeln!(text, "    - inputs:\n        number: {number}\n      exact_string: this is {number}").unwrap();
    }
    text
}

/// Returns its number, after a delay that varies.
fn named() -> Script {
    Script::new(|request| {
        let number = request.input["number"].as_u64().unwrap();
        ScriptedReply::output(format!("this is {number}")).after(Duration::from_millis(50 + number * 37 % 300))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_predictions_are_judged_once_each_despite_faults() {
    let numbers = Numbers::new(CASES, named()).await;
    let throttled = FaultEffect::Throttle { retry_after: Duration::from_secs(1) };
    let effects = [throttled, FaultEffect::Status(StatusCode::BAD_GATEWAY), FaultEffect::DropBefore, FaultEffect::DropAfter];
    for (effect, seed) in effects.into_iter().zip(1..) {
        numbers.sandbox.inject(Fault::ratio(0.0125, seed, effect));
    }
    let seen = numbers.verify("--parallel 16").await;
    assert_eq!(seen.code, Some(0), "{seen}");

    let report = numbers.repository.report();
    let cases = report["models"][0]["cases"].as_array().unwrap();
    let passed: Vec<u64> = cases
        .iter()
        .filter(|case| case["kind"] == "case" && case["status"] == "passed")
        .map(|case| case["inputs"]["number"].as_u64().unwrap())
        .collect();
    assert_eq!(passed, (0..CASES as u64).collect::<Vec<_>>(), "all are judged, in the order of the configuration");

    let mut runs = numbers.runs();
    // The first case's inputs also warm up the version.
    assert!(runs.remove(&0).is_some_and(|count| count <= 2), "{runs:?}");
    assert!(runs.values().all(|count| *count == 1), "{runs:?}");
    assert_eq!(runs.len(), CASES - 1);
    numbers.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_stays_down_is_an_error_and_not_a_verdict_on_the_model() {
    let numbers = Numbers::new(1, named()).await;
    let down = FaultEffect::Status(StatusCode::BAD_GATEWAY);
    numbers.sandbox.inject(Fault::next(1000, down).on(Method::POST, "/v1/predictions"));
    assert_snapshot!(numbers.verify("--parallel 1").await.result());
    numbers.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_credit_stops_everything_with_its_own_exit_code() {
    let numbers = Numbers::new(20, named()).await;
    numbers.sandbox.inject(Fault::next(1000, FaultEffect::InsufficientCredit).on(Method::POST, "/v1/predictions"));
    assert_snapshot!(numbers.verify("--parallel 1").await.result());
    assert!(numbers.sandbox.predictions().is_empty());
    numbers.sandbox.stop().await;
}
