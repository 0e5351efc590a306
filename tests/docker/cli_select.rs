//! Models that share a folder, each built and tested with its own files: images are really built and containers really run.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use test_support::fake_github::{FakeGitHub, READER};
use test_support::runner::{self, pull_request};
use test_support::{Repository, docker_is_there};

const PREDICTOR: &str = r#"import os

from cog import BaseRunner, Input


class Predictor(BaseRunner):
    def run(self, text: str = Input(description="Any text", default="")) -> str:
        with open("variant.txt") as file:
            return f"{os.environ['VARIANT']} {file.read().strip()}"
"#;

const SELECT: &str = r#"#!/bin/bash
set -e
MODEL=$1
if [[ "$MODEL" == "large" ]]; then
    echo "weights of large" > variant.txt
elif [[ "$MODEL" == "small" ]]; then
    echo "weights of small" > variant.txt
else
    echo "unknown model $MODEL" >&2
    exit 1
fi
sed "s/@VARIANT@/$MODEL/" cog.yaml.template > cog.yaml
"#;

#[test]
fn every_model_is_built_and_tested_with_its_own_files() {
    if !docker_is_there() {
        return;
    }
    let ca_file = ["COG_CA_CERT", "SSL_CERT_FILE"].iter().find_map(|name| std::env::var_os(name)?.into_string().ok());
    let repository = Repository::new().variable("COG_CA_CERT", &ca_file.unwrap_or_default());
    repository.write("predict.py", PREDICTOR);
    repository.write("script/select-model", SELECT);
    fs::set_permissions(repository.path().join("script/select-model"), fs::Permissions::from_mode(0o755)).unwrap();
    let template = Repository::example("text-stats").read("cog.yaml");
    repository.write("cog.yaml.template", &format!("{template}environment: [VARIANT=@VARIANT@]\n"));
    for name in ["large", "small"] {
        let config = format!(
            "model: acme/variant-{name}\ntest_hardware: cpu\npredict:\n  compare_outputs: false\n  test_cases:\n    - inputs: {{text: hi}}\n      \
             exact_string: {name} weights of {name}\n"
        );
        repository.write(&format!("cog-safe-push-configs/{name}.yaml"), &config);
    }
    let seen = repository.run("run --sandbox --models small,large");
    assert_eq!(seen.code, Some(0), "{seen}");
    let report = repository.report();
    let models = report["models"].as_array().unwrap();
    assert_eq!(
        (models.len(), &models[0]["model"], &models[1]["model"]),
        (2, &"acme/variant-small".into(), &"acme/variant-large".into())
    );
    for model in models {
        assert!(model["versions"]["live"].is_string(), "{model:#}");
    }
    for file in ["cog.yaml", "variant.txt"] {
        assert!(!repository.path().join(file).exists(), "{file} was not removed");
    }
}

/// Two models, each in a folder of its own with its configuration beside it.
fn two_folders() -> Repository {
    let ca_file = ["COG_CA_CERT", "SSL_CERT_FILE"].iter().find_map(|name| std::env::var_os(name)?.into_string().ok());
    let repository = Repository::new().variable("COG_CA_CERT", &ca_file.unwrap_or_default());
    let cog_yaml = Repository::example("text-stats").read("cog.yaml");
    for (name, greeting) in [("hello", "Hello"), ("bye", "Goodbye")] {
        let file = |file: &str| format!("models/{name}/{file}");
        repository.write(&file("cog.yaml"), &cog_yaml);
        repository.write(&file("greeting.txt"), greeting);
        let predictor = "from cog import BaseRunner, Input\n\n\nclass Predictor(BaseRunner):\n    \
                         def run(self, name: str = Input(description=\"Whom to greet\", default=\"you\")) -> str:\n        \
                         with open(\"greeting.txt\") as file:\n            return f\"{file.read()}, {name}\"\n";
        repository.write(&file("predict.py"), predictor);
        let config = format!(
            "model: acme/{name}\ntest_hardware: cpu\npredict:\n  compare_outputs: false\n  test_cases:\n    - inputs: {{name: Ann}}\n      \
             exact_string: {greeting}, Ann\n  fuzz:\n    iterations: 1\n"
        );
        repository.write(&file("cog-safe-push.yaml"), &config);
    }
    repository
}

/// Both models passed, each with its own answer.
fn assert_both_passed(repository: &Repository) {
    let report = repository.report();
    let models = report["models"].as_array().unwrap();
    let names: Vec<&str> = models.iter().map(|model| model["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["bye", "hello"]);
    for (model, output) in models.iter().zip(["Goodbye, Ann", "Hello, Ann"]) {
        assert_eq!(model["verdict"], "passed", "{model:#}");
        let cases = model["cases"].as_array().unwrap();
        assert_eq!(cases[0]["attempts"][0]["output"], output, "{model:#}");
    }
    assert_eq!(models[0]["config"], "models/bye/cog-safe-push.yaml");
}

#[test]
fn two_models_in_two_folders_are_selected_checked_and_run_each_in_its_own() {
    if !docker_is_there() {
        return;
    }
    let repository = two_folders();
    let selected = repository.run("select --models all --format json");
    assert!(selected.code == Some(0) && selected.stdout.contains("bye") && selected.stdout.contains("hello"), "{selected}");
    let checked = repository.run("check --models all --no-lint");
    assert_eq!(checked.code, Some(0), "{checked}");
    let seen = repository.run("run --sandbox --models all --no-lint");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_both_passed(&repository);
    for part in ["report.html", "report.md", "junit.xml"] {
        let text = repository.read(&format!("safe-push-report/{part}"));
        assert!(text.contains("acme/hello") && text.contains("acme/bye"), "{part}");
    }

    // A mistake is found in the folder of its model, and the other model still passes.
    repository.edit("models/bye/predict.py", "{file.read()}", "{file.raed()}");
    let seen = repository.run("run --sandbox --models all --no-lint");
    assert_eq!(seen.code, Some(1), "{seen}");
    let report = repository.report();
    let verdicts: Vec<_> = report["models"].as_array().unwrap().iter().map(|model| model["verdict"].clone()).collect();
    assert_eq!(verdicts, ["failed", "passed"], "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_action_runs_two_models_in_two_folders_in_the_sandbox_for_a_fork() {
    if !docker_is_there() {
        return;
    }
    let github = FakeGitHub::start("127.0.0.1:0").await;
    let repository = two_folders();
    let repository = runner::step(repository, &github.url(), "pull_request", &pull_request("mallory/hotdog"), READER);
    let repository = repository.variable("INPUT_MODELS", "all").variable("INPUT_NO_LINT", "true");
    repository.write(".dockerignore", "runner\n");
    let seen = tokio::task::block_in_place(|| repository.run(""));
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_both_passed(&repository);
    assert_eq!(runner::output(&repository, "verdict").as_deref(), Some("passed"));
    assert_eq!(runner::output(&repository, "matrix").as_deref(), Some(r#"{"model":["bye","hello"]}"#));
    assert_eq!(github.violations(), Vec::<String>::new());
}
