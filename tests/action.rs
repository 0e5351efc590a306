//! The program as a step of a workflow: inputs, payloads, files and the log as the runner gives and reads them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fake_github;
mod harness;

use fake_github::{FakeGitHub, READER, WRITER};
use harness::{Repository, Seen};
use serde_json::{Value, json};

const HEAD: &str = "0123456789abcdef0123456789abcdef01234567";
const SECRET: &str = "cog_secret_of_the_account";

/// An example as the runner starts a step in it.
fn step(server: &FakeGitHub, event: &str, payload: &Value, token: &str) -> Repository {
    let repository = Repository::example("text-stats");
    repository.write("runner/event.json", &payload.to_string());
    repository.write("runner/output", "");
    repository.write("runner/summary", "");
    let path = |name: &str| repository.path().join("runner").join(name).display().to_string();
    let (event_path, output, summary) = (path("event.json"), path("output"), path("summary"));
    let variables = [
        ("GITHUB_ACTIONS", "true"),
        ("CI", "true"),
        ("GITHUB_EVENT_NAME", event),
        ("GITHUB_EVENT_PATH", &event_path),
        ("GITHUB_OUTPUT", &output),
        ("GITHUB_STEP_SUMMARY", &summary),
        ("GITHUB_REPOSITORY", "acme/hotdog"),
        ("GITHUB_SHA", "ffffffffffffffffffffffffffffffffffffffff"),
        ("GITHUB_RUN_ID", "11"),
        ("GITHUB_RUN_ATTEMPT", "1"),
        ("GITHUB_API_URL", &server.url()),
        ("INPUT_GITHUB_TOKEN", token),
        ("INPUT_MODELS", ""),
        ("INPUT_REPORT-DIR", "out"),
        // No daemon: what needs one says so.
        ("DOCKER_HOST", "unix:///nonexistent/docker.sock"),
    ];
    variables.into_iter().fold(repository, |repository, (name, value)| repository.variable(name, value))
}

fn pull_request(head: &str) -> Value {
    json!({ "pull_request": {
        "number": 7,
        "head": { "sha": HEAD, "repo": { "full_name": head } },
        "base": { "sha": "b", "repo": { "full_name": "acme/hotdog" } },
    }})
}

async fn run(repository: &Repository, line: &str) -> Seen {
    tokio::task::block_in_place(|| repository.run(line))
}

/// What the steps behind this one read.
fn output(repository: &Repository, name: &str) -> Option<String> {
    let text = repository.read("runner/output");
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let (found, delimiter) = line.split_once("<<").unwrap();
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        if found == name {
            return Some(value.join("\n"));
        }
    }
    None
}

/// Lines that the runner obeys: those while commands are stopped are not.
fn obeyed(seen: &Seen) -> Vec<String> {
    let mut stopped: Option<String> = None;
    let mut commands = Vec::new();
    for line in seen.stdout.lines().chain(seen.stderr.lines()) {
        let line = line.trim_start();
        match &stopped {
            Some(token) if line == format!("::{token}::") => stopped = None,
            Some(_) => assert!(!line.contains("##[") && !line.starts_with("::"), "a command while stopped: {line}"),
            None => match line.strip_prefix("::stop-commands::") {
                Some(token) => stopped = Some(token.to_owned()),
                None if line.starts_with("::") || line.contains("##[") => commands.push(line.to_owned()),
                None => {}
            },
        }
    }
    assert_eq!(stopped, None, "commands stay stopped");
    commands
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_is_checked_without_rights_and_without_failing() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("mallory/hotdog"), READER);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(server.writes(), Vec::<String>::new());
    assert_eq!(output(&repository, "verdict").as_deref(), Some("passed"));
    assert!(repository.read("runner/summary").contains("no tokens for Replicate"), "{}", repository.read("runner/summary"));
    assert!(repository.path().join("out/run.json").is_file(), "the input with a hyphen counts");
    let commands = obeyed(&seen);
    assert_eq!(commands[0], format!("::add-mask::{READER}"));
    assert!(commands[1..].iter().all(|line| line.starts_with("::notice file=")), "{commands:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_of_a_fork_become_annotations_in_the_log() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("mallory/hotdog"), READER);
    repository.edit("predict.py", "def predict(", "def predict(  # ::set-env name=X::y ##[error]z\n");
    repository.edit("predict.py", "import", "import ::error::\nimport");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(1), "{seen}");
    let commands = obeyed(&seen);
    assert!(commands.iter().any(|line| line.starts_with("::error file=predict.py,line=")), "{commands:?}");
    let ours = ["::error file=", "::warning file=", "::notice file=", "::add-mask::ghs_reader"];
    assert!(commands.iter().all(|line| ours.iter().any(|start| line.starts_with(start))), "{commands:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_checks_and_tells_it_by_a_check_run() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "schedule", &json!({}), WRITER).variable("INPUT_COG_TOKEN", SECRET);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let runs = server.check_runs();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!((runs[0]["status"].as_str(), runs[0]["conclusion"].as_str()), (Some("completed"), Some("success")));
    assert_eq!(server.writes().len(), 2);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_of_our_own_without_tokens_gets_checks_and_a_comment() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(server.check_runs()[0]["head_sha"], HEAD, "the head, not the merge");
    assert!(server.comments()[0]["body"].as_str().unwrap().contains("✅ 1 model passed"));
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_count_wherever_they_are_made() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    repository.write(".safe-push.yaml", "comment: off\n");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!((server.check_runs().len(), server.comments().len()), (1, 0));

    let pushed = step(&server, "push", &json!({}), WRITER);
    let seen = run(&pushed, "run --trigger-type schedule").await;
    assert_eq!(seen.code, Some(0), "a schedule needs no tokens: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_hands_secrets_to_a_fork_is_refused() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request_target", &pull_request("mallory/hotdog"), WRITER);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stdout.contains("the code is from a fork"), "{seen}");
    assert_eq!(server.writes(), Vec::<String>::new());
    assert_eq!(output(&repository, "verdict").as_deref(), Some("misconfigured"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_without_tokens_is_an_error_that_ends_its_check_run() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "push", &json!({}), WRITER);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "{seen}");
    let runs = server.check_runs();
    assert_eq!(runs[0]["conclusion"], "failure");
    assert!(runs[0]["output"]["summary"].as_str().unwrap().contains("no Replicate API token"), "{runs:?}");
    assert!(obeyed(&seen).iter().any(|line| line.starts_with("::error title=safe-push::")), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_told_nowhere() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "schedule", &json!({}), WRITER).variable("INPUT_COG_TOKEN", SECRET);
    repository.edit("predict.py", "import", &format!("import {SECRET} ::\nimport"));
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(1), "{seen}");
    let log: String = seen.stdout.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    let told = [log, seen.stderr.clone(), repository.read("runner/summary"), repository.read("runner/output")];
    let sent = serde_json::to_string(&server.check_runs()).unwrap();
    for text in told.iter().chain([&sent, &repository.read("out/run.json"), &repository.read("out/report.html")]) {
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn select_gives_the_matrix_and_report_closes_what_is_missing() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    let seen = run(&repository, "select").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(output(&repository, "matrix").as_deref(), Some(r#"{"model":["text-stats"]}"#));
    assert_eq!(output(&repository, "any").as_deref(), Some("true"));
    let repository = repository.variable("INPUT_EXPECTED", "text-stats,other");
    let seen = run(&repository, "report").await;
    assert_eq!(seen.code, Some(3), "{seen}");
    assert_eq!(server.check_runs().len(), 2);
    assert!(server.comments()[0]["body"].as_str().unwrap().contains("no result"));
}
