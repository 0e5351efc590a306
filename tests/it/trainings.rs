//! Test trainings through the CLI. Scripted versions answer; no Docker is needed.

use std::process::Command;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use replicate_sandbox::{JobKind, Sandbox, SandboxOptions, Script, ScriptedReply, ScriptedRequest, Visibility};
use safe_push::support::ExposeSecret;
use serde_json::{Value, json};
use test_support::{Repository, Seen};

const CONFIG: &str = "model: acme/tunable
predict:
  compare_outputs: false
  test_cases:
    - inputs: {text: hello}
      exact_string: HELLO
train:
  destination: acme/tuned
  test_cases:
    - inputs: {data: some words}
      jq_query: .weights != null
    - inputs: {data: nothing}
      error_contains: no words
";

/// A sandbox with one scripted version of `acme/tunable`, and a repository that tests it.
struct Tunable {
    sandbox: Sandbox,
    repository: Repository,
}

fn schema() -> Value {
    let uri = json!({"type": "string", "format": "uri"});
    json!({"openapi": "3.0.2", "info": {"title": "Cog", "version": "0.1.0"}, "paths": {}, "components": {"schemas": {
        "Input": {"type": "object", "title": "Input", "required": ["text"], "properties": {
            "text": {"type": "string", "title": "Text", "description": "What to shout", "x-order": 0},
        }},
        "Output": {"type": "string", "title": "Output"},
        "TrainingInput": {"type": "object", "title": "TrainingInput", "required": ["data"], "properties": {
            "data": {"type": "string", "title": "Data", "description": "What to learn from", "x-order": 0},
            "epochs": {"type": "integer", "title": "Epochs", "description": "How often", "default": 1, "minimum": 1, "maximum": 9, "x-order": 1},
        }},
        "TrainingOutput": {"type": "object", "title": "TrainingOutput", "required": ["weights"], "properties": {"weights": uri}},
    }}})
}

fn predicted(request: &ScriptedRequest) -> ScriptedReply {
    ScriptedReply::output(request.input["text"].as_str().unwrap().to_uppercase())
}

/// Trains successfully.
fn good(request: &ScriptedRequest) -> ScriptedReply {
    match request.kind {
        JobKind::Prediction => predicted(request),
        JobKind::Training if request.input["data"] == "nothing" => ScriptedReply::failure("there are no words in the data"),
        JobKind::Training => ScriptedReply::output(json!({"weights": "data:application/x-tar;base64,AQI="})).logs("epoch 1\n"),
    }
}

impl Tunable {
    async fn new(answer: impl Fn(&ScriptedRequest) -> ScriptedReply + Send + Sync + 'static) -> Self {
        let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.create_model("acme/tunable", Visibility::Public, "cpu").unwrap();
        sandbox.push_scripted_version("acme/tunable", Some(schema()), Script::new(answer)).unwrap();
        let repository = Repository::new()
            .variable("REPLICATE_BASE_URL", sandbox.base_url())
            .variable("REPLICATE_API_TOKEN", sandbox.api_token().expose_secret());
        repository.write("cog-safe-push.yaml", CONFIG);
        Self { sandbox, repository }
    }

    /// Runs the CLI without blocking the sandbox, which lives in this process.
    async fn verify(&self) -> Seen {
        // A fixed seed for the fuzz inputs, so that a test can rely on some of them.
        tokio::task::block_in_place(|| self.repository.run("verify acme/tunable --seed 7"))
    }

    /// The statuses of all trainings.
    fn trainings(&self) -> Vec<&'static str> {
        let jobs = self.sandbox.predictions();
        jobs.iter().filter(|job| job.kind == JobKind::Training).map(|job| job.status).collect()
    }

    fn trained(&self) -> usize {
        self.sandbox.versions("acme/tuned").len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trainings_pass_and_their_versions_are_reported() {
    let tunable = Tunable::new(good).await;
    let seen = tunable.verify().await;
    assert_snapshot!("passes", seen.result());
    assert!(seen.stderr.contains("created the private model acme/tuned, which test trainings end in"), "{seen}");
    assert_eq!(tunable.trained(), 1);
    let report = tunable.repository.report();
    let made = format!("acme/tuned:{}", tunable.sandbox.versions("acme/tuned")[0].id);
    let model = &report["models"][0];
    assert!(model["findings"].to_string().contains(&made), "{model}");
    let train = model["cases"].as_array().unwrap().iter().find(|case| case["id"] == "train-1").unwrap();
    assert_eq!((&train["kind"], &train["status"]), (&json!("train"), &json!("passed")));
    assert!(train.to_string().contains(&format!("created version {made}")), "{train}");

    // The destination exists now.
    let again = tunable.verify().await;
    assert_eq!(again.code, Some(0), "{again}");
    assert!(!again.stderr.contains("created the private model"), "{again}");
    assert_eq!(tunable.trained(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_that_fails_stops_the_push() {
    let tunable = Tunable::new(|request| match request.kind {
        JobKind::Prediction => predicted(request),
        JobKind::Training => ScriptedReply::failure("CUDA is far away").logs("epoch 1\n"),
    })
    .await;
    assert_snapshot!("fails", tunable.verify().await.result());
    assert_eq!(tunable.trained(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fuzz_inputs_are_used_for_trainings_and_a_failure_comes_with_a_command() {
    let tunable = Tunable::new(|request| {
        let is_many = request.input.get("epochs").and_then(Value::as_u64).is_some_and(|epochs| epochs > 1);
        if request.kind == JobKind::Training && is_many { ScriptedReply::failure("only one epoch") } else { good(request) }
    })
    .await;
    tunable.repository.write("cog-safe-push.yaml", &format!("{CONFIG}  fuzz: {{iterations: 4, fixed_inputs: {{data: words}}}}\n"));
    let seen = tunable.verify().await;
    assert_eq!(seen.code, Some(1), "{seen}");
    let said = seen.result();
    assert!(said.contains("train-fuzz-1") || said.contains("train-fuzz-2"), "{said}");
    assert!(said.contains("only one epoch") && said.contains("/trainings"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_that_takes_too_long_is_canceled() {
    let tunable = Tunable::new(|request| match request.kind {
        JobKind::Prediction => predicted(request),
        JobKind::Training => ScriptedReply::never_ends(),
    })
    .await;
    tunable.repository.edit("cog-safe-push.yaml", "  destination: acme/tuned\n", "  destination: acme/tuned\n  train_timeout: 1\n");
    let seen = tunable.verify().await;
    assert_eq!(seen.code, Some(1), "{seen}");
    assert!(seen.stdout.contains("limit of"), "{seen}");
    let trainings = tunable.trainings();
    assert!(!trainings.is_empty() && trainings.iter().all(|status| *status == "canceled"), "{trainings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_cancels_trainings() {
    let tunable = Tunable::new(|request| match request.kind {
        JobKind::Prediction => predicted(request),
        JobKind::Training => ScriptedReply::never_ends(),
    })
    .await;
    let child = tunable.repository.start("verify acme/tunable");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !tunable.trainings().contains(&"processing") {
        assert!(Instant::now() < deadline, "no training was started");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = tokio::task::block_in_place(|| child.wait_with_output().unwrap());
    let seen = tunable.repository.seen(&output);
    assert_eq!(seen.code, Some(130), "{seen}");
    let trainings = tunable.trainings();
    assert!(trainings.iter().all(|status| *status == "canceled"), "{trainings:?}");
    assert_eq!(tunable.trained(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_destination_is_reported_before_anything_runs() {
    let tunable = Tunable::new(good).await;
    let mut said = Vec::new();
    for destination in ["somebody-else/tuned", "acme/tunable"] {
        tunable.repository.write("cog-safe-push.yaml", &CONFIG.replace("acme/tuned", destination));
        let seen = tunable.verify().await;
        assert_eq!(seen.code, Some(2), "{seen}");
        said.push(seen.result());
    }
    assert_snapshot!("destinations", said.join("\n"));
    assert!(tunable.sandbox.predictions().is_empty(), "nothing was spent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_without_train_is_reported_with_the_line_of_the_section() {
    let tunable = Tunable::new(good).await;
    let mut schema = schema();
    let components = schema["components"]["schemas"].as_object_mut().unwrap();
    components.remove("TrainingInput");
    components.remove("TrainingOutput");
    tunable.sandbox.push_scripted_version("acme/tunable", Some(schema), Script::new(good)).unwrap();
    let seen = tunable.verify().await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stdout.contains("SP609") && seen.stdout.contains("cog-safe-push.yaml:"), "{seen}");
    assert!(tunable.sandbox.predictions().is_empty());
}
