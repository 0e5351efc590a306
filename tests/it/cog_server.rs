//! `verify --url` against a server that answers as coglet does. `tests/docker/verify_url.rs` starts real ones.

use serde_json::{Value, json};
use test_support::{Repository, Seen};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Half a second of a model that returns this, whatever it is asked.
async fn server(output: &Value) -> MockServer {
    let server = MockServer::start().await;
    let schema = json!({"openapi": "3.0.2", "info": {"title": "Cog", "version": "0.1.0"}, "paths": {}, "components": {"schemas": {
        "Input": {"type": "object", "properties": {
            "image": {"type": "string", "format": "uri"}, "flag": {"type": "boolean", "default": false},
        }},
        "Output": {"type": "object"},
    }}});
    let reply = json!({"status": "succeeded", "output": output, "metrics": {"predict_time": 0.5}, "logs": ""});
    for (verb, place, body) in [("GET", path("/openapi.json"), schema), ("GET", path("/health-check"), json!({"status": "READY"}))]
    {
        Mock::given(method(verb)).and(place).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&server).await;
    }
    let predictions = Mock::given(method("PUT")).and(path_regex("^/predictions/"));
    predictions.respond_with(ResponseTemplate::new(200).set_body_json(reply)).mount(&server).await;
    server
}

async fn verify(server: &MockServer, cases: &str) -> (Repository, Seen) {
    let repository = Repository::new();
    let config = format!("model: acme/x\npredict:\n  test_cases:\n{cases}  fuzz: {{iterations: 10}}\n");
    repository.write("cog-safe-push.yaml", &config);
    repository.write("want.txt", "cat");
    let line = format!("verify --url {}", server.uri());
    let seen = tokio::task::block_in_place(|| repository.run(&line));
    (repository, seen)
}

fn statuses(repository: &Repository) -> Vec<String> {
    let report = repository.report();
    let cases = report["models"][0]["cases"].as_array().unwrap().clone();
    cases.iter().map(|case| format!("{} {}", case["id"].as_str().unwrap(), case["status"].as_str().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_deep_in_an_output_are_found_and_few_inputs_are_not_repeated() {
    let server = server(&json!({"a": {"b": ["data:text/plain;base64,Y2F0"]}, "seed": 5})).await;
    let cases = "    - {inputs: {image: \"@want.txt\"}, match_file: want.txt}\n    - {inputs: {flag: true}, checks: {count: 1}}\n    \
                 - {inputs: {image: \"@gone.png\"}, skip: until there is one}\n";
    let (repository, seen) = verify(&server, cases).await;
    assert_eq!(seen.code, Some(0), "{seen}");
    // With or without the file, and with either flag: two of four are tested.
    assert_eq!(statuses(&repository), ["case-1 passed", "case-2 passed", "fuzz-1 passed", "fuzz-2 passed"]);
    assert!(seen.stdout.contains("SP610") && seen.stdout.contains("SP630"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_price_of_a_prediction_on_somebodys_own_machine_is_not_known() {
    let server = server(&json!({})).await;
    let (repository, seen) = verify(&server, "    - {inputs: {}, checks: {max_cost: 1}}\n").await;
    assert_eq!(seen.code, Some(1), "{seen}");
    assert_eq!(statuses(&repository)[0], "case-1 errored");
    assert!(seen.stdout.contains("the price in dollars is unknown"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_outside_of_the_repository_is_one_mistake_at_its_input() {
    let server = server(&json!({})).await;
    let (_, seen) = verify(&server, "    - {inputs: {image: \"@../outside.png\"}}\n").await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert_eq!(seen.stdout.matches("error[").count(), 1, "{seen}");
    assert!(seen.stdout.contains("cog-safe-push.yaml:4:17") && seen.stdout.contains("leaves the repository"), "{seen}");
}
