//! The published JSON Schemas accept what safe-push accepts, and reject the mistakes that a schema can express.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use safe_push::config::{model_example, repository_example};
use serde_json::{Value, json};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn schema(name: &str) -> Validator {
    let schema: Value = serde_json::from_str(&read(&format!("schemas/{name}.schema.json"))).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

fn assert_valid(schema: &Validator, document: &Value, name: &str) {
    let problems: Vec<String> = schema.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{name}: {problems:#?}");
}

fn assert_mistakes(schema: &Validator, beginning: &str, mistakes: &[&str]) {
    for mistake in mistakes {
        let document = yaml(&format!("{beginning}{mistake}"));
        assert!(!schema.is_valid(&document), "no mistake was found in:\n{mistake}");
    }
}

#[test]
fn every_example_of_a_model_is_valid() {
    let schema = schema("cog-safe-push");
    assert_valid(&schema, &yaml(model_example()), "the example of --help-config");
    let mut configurations = 0;
    for example in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap() {
        let folder = example.unwrap().path().join("cog-safe-push-configs");
        for file in fs::read_dir(folder).into_iter().flatten() {
            let path = file.unwrap().path();
            assert_valid(&schema, &yaml(&fs::read_to_string(&path).unwrap()), &path.display().to_string());
            configurations += 1;
        }
    }
    assert!(configurations >= 3);
    for text in [
        "model: acme/hotdog\nparallel:\n",
        "model: acme/hotdog\ntest_hardware: 4\n",
        "model: acme/hotdog\npredict: {test_cases: [{inputs: {}, exact_string: \"\"}], fuzz: {iterations: 0}}\n",
        "model: acme/hotdog\nofficial_model: Acme/hot_dog.v2\ntrain: {destination: acme/x, test_cases: [{inputs: {steps: 1}}]}\n",
    ] {
        assert_valid(&schema, &yaml(text), text);
    }
}

#[test]
fn mistakes_in_a_model_are_found() {
    let schema = schema("cog-safe-push");
    assert_mistakes(
        &schema,
        "",
        &["parallel: 2\n", "model: hotdog\n", "model:\n", "[]\n", "model: https://example.com/acme/hotdog\n"],
    );
    assert_mistakes(
        &schema,
        "model: acme/hotdog\n",
        &[
            "test_hardwear: cpu\n",
            "predict: {fuzz: {iteration: 3}}\n",
            "deployment: {name: x, zebra: 1}\n",
            "parallel: four\n",
            "parallel: -1\n",
            "parallel: 0\n",
            "parallel: 257\n",
            "predict: {predict_timeout: 1.5}\n",
            "predict: {predict_timeout: 0}\n",
            "predict: {fuzz: {iterations: 10001}}\n",
            "train: {train_timeout: 700000}\n",
            "use_cog_base_image: 3\n",
            "test_hardware: [cpu]\n",
            "predict: yes\n",
            "predict: {test_cases: [{inputs: {}, jq_query: .a, exact_string: x}]}\n",
            "predict: {test_cases: [{inputs: {}, match_prompt: \"\"}]}\n",
            "predict: {test_cases: [{inputs: {}, jq_query: \"  \"}]}\n",
            "predict: {test_cases: [{exact_string: x}]}\n",
            "deployment: {owner: acme}\n",
            "official_model: a/b/c\n",
        ],
    );
}

#[test]
fn every_example_of_a_repository_is_valid() {
    let schema = schema("safe-push");
    assert_valid(&schema, &yaml(&repository_example()), "the example of --help-config");
    for text in [
        "parallel:\n",
        "ignore: [SP126]\nseverity: {SP301: error}\n",
        "models:\n  hotdog: {startup_timeout: 60, compare: \"off\", paths: [src/**, \"!docs/**\"]}\n",
        "cog_version: 0.16\ndocker_secrets: [\"id=a,env=B\"]\n",
    ] {
        assert_valid(&schema, &yaml(text), text);
    }
}

#[test]
fn mistakes_in_a_repository_are_found() {
    assert_mistakes(
        &schema("safe-push"),
        "",
        &[
            "helth: warn\n",
            "compare: frist\n",
            "comment: of\n",
            "parallel: 999\n",
            "no_lint: 3\n",
            "docker_secrets: id=a\n",
            "ignore: [input-removed]\n",
            "severity: {SP301: fatal}\n",
            "severity: {input-removed: error}\n",
            "paths: src\n",
            "models: {hotdog: {startup_timeout: 0}}\n",
            "models: {hotdog: {paralel: 2}}\n",
            "models: [hotdog]\n",
            "test_model: acme/hotdog-test\n",
            "replicate_registry: example.com\n",
            "[]\n",
        ],
    );
}

/// The run whose shape is frozen.
fn run() -> Value {
    let snapshot = read("src/report/json/snapshots/safe_push__report__json__tests__the_shape_is_frozen.snap");
    let (_, json) = snapshot.trim_start_matches("---").split_once("---\n").unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_run_is_valid_and_other_shapes_are_not() {
    let schema = schema("run");
    let run = run();
    assert_valid(&schema, &run, "the frozen run");
    let mut longer = run.clone();
    longer["added_later"] = json!(1);
    assert_valid(&schema, &longer, "a run with a field that was added later");
    for (pointer, wrong) in [
        ("/verdict", json!("great")),
        ("/models", json!({})),
        ("/duration_ms", json!("1 s")),
        ("/models/0/findings", json!("none")),
        ("/models/0/cases/0/status", json!(true)),
        ("/models/0/stages/0/name", json!("lunch")),
    ] {
        let mut changed = run.clone();
        *changed.pointer_mut(pointer).unwrap_or_else(|| panic!("the sample has no {pointer}")) = wrong;
        assert!(!schema.is_valid(&changed), "{pointer}");
    }
    let mut shorter = run;
    shorter.as_object_mut().unwrap().remove("models");
    assert!(!schema.is_valid(&shorter));
}
