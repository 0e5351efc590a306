//! `verify: live` as the runner starts it on a schedule: the live version is tested, and an alert is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use replicate_sandbox::{Sandbox, SandboxOptions, Script, ScriptedReply, Visibility};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use test_support::fake_github::{FakeGitHub, READER, WRITER};
use test_support::fake_pagerduty::{FakePagerDuty, KEY};
use test_support::runner::{self, output, pull_request};
use test_support::{Repository, Seen};

const CONFIG: &str = "model: acme/hotdog\npredict:\n  test_cases:\n    - inputs: {text: hi}\n      exact_string: hello hi\n    \
                      - inputs: {text: hi}\n      only_on: [test]\n      exact_string: never\n  fuzz: {iterations: 0}\n";

fn schema() -> Value {
    json!({"openapi": "3.0.2", "info": {"title": "Cog", "version": "0.1.0"}, "paths": {}, "components": {"schemas": {
        "Input": {"type": "object", "title": "Input", "required": ["text"], "properties": {"text": {"type": "string", "title": "Text"}}},
        "Output": {"type": "string", "title": "Output"},
    }}})
}

/// A live version that says hello until it drifts.
struct Live {
    sandbox: Sandbox,
    github: FakeGitHub,
    pager: FakePagerDuty,
    has_drifted: Arc<AtomicBool>,
}

impl Live {
    async fn new() -> Self {
        let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.create_model("acme/hotdog", Visibility::Public, "cpu").unwrap();
        let has_drifted = Arc::new(AtomicBool::new(false));
        let drifted = Arc::clone(&has_drifted);
        let script = Script::new(move |request| {
            let greeting = if drifted.load(Ordering::SeqCst) { "goodbye" } else { "hello" };
            ScriptedReply::output(format!("{greeting} {}", request.input["text"].as_str().unwrap()))
        });
        sandbox.push_scripted_version("acme/hotdog", Some(schema()), script).unwrap();
        Self { sandbox, github: FakeGitHub::start("127.0.0.1:0").await, pager: FakePagerDuty::start().await, has_drifted }
    }

    fn step(&self, event: &str, payload: &Value, token: &str) -> Repository {
        let repository = Repository::new();
        repository.write("cog-safe-push.yaml", CONFIG);
        self.step_in(repository, event, payload, token)
    }

    /// A step of a job that checks nothing out, and names the model.
    fn bare_step(&self, models: &str) -> Repository {
        let repository = Repository::new();
        std::fs::create_dir(repository.path().join("workspace")).unwrap();
        let workspace = repository.path().join("workspace").display().to_string();
        let repository = self.step_in(repository, "schedule", &json!({}), WRITER);
        repository.variable("GITHUB_WORKSPACE", &workspace).variable("INPUT_MODELS", models)
    }

    fn step_in(&self, repository: Repository, event: &str, payload: &Value, token: &str) -> Repository {
        runner::step(repository, &self.github.url(), event, payload, token)
            .variable("INPUT_REPORT-DIR", "out")
            .variable("INPUT_VERIFY", "live")
            .variable("REPLICATE_BASE_URL", self.sandbox.base_url())
            .variable("INPUT_REPLICATE_API_TOKEN", self.sandbox.api_token().expose_secret())
            .variable("DOCKER_HOST", "unix:///nonexistent/docker.sock")
            .variable("PAGERDUTY_EVENTS_URL", &self.pager.url)
            .variable("PAGERDUTY_ROUTING_KEY", KEY)
    }
}

async fn run(repository: &Repository) -> Seen {
    tokio::task::block_in_place(|| repository.run(""))
}

async fn run_bare(repository: &Repository) -> Seen {
    tokio::task::block_in_place(|| repository.run_in("workspace", ""))
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_of_what_is_live_fails_its_own_check_and_wakes_somebody_until_it_passes_again() {
    let live = Live::new().await;
    let scheduled = || live.step("schedule", &json!({}), WRITER);
    let seen = run(&scheduled()).await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(live.sandbox.predictions().len(), 1, "the case that is only for test versions does not run");
    assert_eq!(live.github.check_runs()[0]["name"], "safe-push / hotdog (live)");
    assert_eq!(live.pager.open(), Vec::<String>::new());

    live.has_drifted.store(true, Ordering::SeqCst);
    let repository = scheduled();
    let seen = run(&repository).await;
    assert_eq!(seen.code, Some(1), "{seen}");
    let runs = live.github.check_runs();
    assert_eq!(runs.last().unwrap()["conclusion"], "failure");
    let summary = repository.read("runner/summary");
    assert!(summary.contains("goodbye hi") && summary.contains("acme/hotdog"), "{summary}");
    assert_eq!(output(&repository, "verdict").as_deref(), Some("failed"));
    assert_eq!(live.pager.open(), ["safe-push-verify/acme/hotdog"]);

    live.has_drifted.store(false, Ordering::SeqCst);
    let seen = run(&scheduled()).await;
    assert_eq!((seen.code, live.pager.open(), live.pager.refused()), (Some(0), vec![], vec![]), "{seen}");
    assert_eq!(live.github.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_without_any_configuration_is_tested_with_generated_inputs() {
    let live = Live::new().await;
    let repository = live.bare_step("acme/hotdog");
    let seen = run_bare(&repository).await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let predictions = live.sandbox.predictions();
    assert!(predictions.len() >= 10, "{} predictions: {seen}", predictions.len());
    let runs = live.github.check_runs();
    assert_eq!(
        (runs.len(), runs[0]["name"].as_str(), runs[0]["conclusion"].as_str()),
        (1, Some("safe-push / hotdog (live)"), Some("success"))
    );
    let summary = repository.read("runner/summary");
    assert!(summary.contains("acme/hotdog") && summary.contains("fuzz-1"), "{summary}");
    assert_eq!(output(&repository, "verdict").as_deref(), Some("passed"));
    assert_eq!(output(&repository, "published").as_deref(), Some("false"));
    assert!(repository.path().join("workspace/out/run.json").is_file(), "{seen}");

    live.has_drifted.store(true, Ordering::SeqCst);
    let repository = live.bare_step("https://replicate.com/acme/hotdog");
    assert_eq!(run_bare(&repository).await.code, Some(0), "other words are no defect");

    let repository = live.bare_step("acme/hotdogs");
    let seen = run_bare(&repository).await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(repository.read("runner/summary").contains("acme/hotdogs does not exist"), "{seen}");
    assert_eq!(live.pager.open(), ["safe-push-verify/acme/hotdogs"]);
    assert_eq!(live.github.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_version_that_fails_with_generated_inputs_fails_its_check() {
    let live = Live::new().await;
    live.sandbox
        .push_scripted_version("acme/hotdog", Some(schema()), Script::always(ScriptedReply::failure("out of memory")))
        .unwrap();
    let repository = live.bare_step("acme/hotdog");
    let seen = run_bare(&repository).await;
    assert_eq!(seen.code, Some(1), "{seen}");
    assert_eq!(live.github.check_runs()[0]["conclusion"], "failure");
    assert!(repository.read("runner/summary").contains("out of memory"), "{seen}");
    assert_eq!(live.pager.open(), ["safe-push-verify/acme/hotdog"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_the_pager_is_an_input_and_settings_that_broke_wake_somebody_too() {
    let live = Live::new().await;
    let repository =
        live.bare_step("acme/hotdog, hotdog").variable("PAGERDUTY_ROUTING_KEY", "").variable("INPUT_PAGERDUTY_ROUTING_KEY", KEY);
    let seen = run_bare(&repository).await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.to_string().contains("'hotdog' is not a model"), "{seen}");
    assert_eq!(live.pager.open(), ["safe-push-verify"]);
    assert!(!seen.stderr.contains(KEY), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_a_test_of_what_is_live_is_an_error_that_wakes_somebody() {
    let live = Live::new().await;
    let repository = live.step("schedule", &json!({}), WRITER).variable("INPUT_REPLICATE_API_TOKEN", "");
    let seen = run(&repository).await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(repository.read("runner/summary").contains("no Replicate API token"), "{seen}");
    assert_eq!(live.pager.open(), ["safe-push-verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_code_makes_no_predictions_on_what_is_live() {
    let live = Live::new().await;
    let repository = live.step("pull_request", &pull_request("mallory/hotdog"), READER);
    let seen = run(&repository).await;
    assert!(live.sandbox.predictions().is_empty(), "{seen}");
}
