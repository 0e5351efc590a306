//! Mistakes in every kind of file and with every event: each is visible where people look, however early the run ends.

use serde_json::{Value, json};
use test_support::Repository;
use test_support::fake_github::{FakeGitHub, WRITER};
use test_support::runner::{self, HEAD, obeyed, output, pull_request};

const CONFIG: &str = "cog-safe-push-configs/text-stats.yaml";

fn step(server: &FakeGitHub, event: &str, payload: &Value) -> Repository {
    let repository = runner::step(Repository::example("text-stats"), &server.url(), event, payload, WRITER);
    repository.variable("INPUT_REPORT_DIR", "out").variable("DOCKER_HOST", "unix:///nonexistent/docker.sock")
}

/// The payload of an event of the repository itself.
fn payload(event: &str) -> Value {
    let repository = json!({ "full_name": "acme/hotdog", "default_branch": "main" });
    match event {
        "pull_request" => pull_request("acme/hotdog"),
        "push" => json!({ "ref": "refs/heads/main", "before": "a", "after": HEAD, "repository": repository }),
        "merge_group" => {
            json!({ "action": "checks_requested", "merge_group": { "head_sha": HEAD, "base_sha": "b" }, "repository": repository })
        }
        "release" => json!({ "action": "published", "release": { "tag_name": "v1" }, "repository": repository }),
        _ => json!({ "repository": repository }),
    }
}

/// Runs a step that has to fail, and returns its check run's summary with its annotations, and the job's summary.
async fn reported(server: &FakeGitHub, repository: &Repository, what: &str) -> (String, String) {
    let seen = tokio::task::block_in_place(|| repository.run(""));
    assert!(matches!(seen.code, Some(1 | 2)), "{what}: {seen}");
    obeyed(&seen);
    let runs = server.check_runs();
    assert_eq!(runs.len(), 1, "{what}: {runs:?}");
    let state = (runs[0]["status"].as_str(), runs[0]["conclusion"].as_str());
    assert_eq!(state, (Some("completed"), Some("failure")), "{what}");
    assert_eq!(server.violations(), Vec::<String>::new(), "{what}");
    assert!(output(repository, "verdict").is_some_and(|verdict| verdict != "passed"), "{what}");
    assert!(repository.read("out/report.html").contains("</html>"), "{what}");
    let text = format!("{} {}", runs[0]["output"]["summary"], runs[0]["output"]["annotations"]);
    (text.replace("&#95;", "_"), repository.read("runner/summary").replace("&#95;", "_"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_any_file_is_on_its_line_and_in_every_place() {
    for (what, file, text, line) in [
        ("a tab", CONFIG, "model: acme/text-stats\npredict:\n\ttest_cases: []\n", Some(3)),
        ("a list", CONFIG, "- model: acme/text-stats\n", Some(1)),
        ("nothing", CONFIG, "", None),
        ("a key twice", CONFIG, "model: acme/text-stats\nmodel: acme/other\n", Some(2)),
        ("a wrong type", CONFIG, "model: acme/text-stats\nparallel: many\n", Some(2)),
        ("three mistakes", CONFIG, "modell: acme/text-stats\nparalel: 2\nfast_fial: true\n", Some(1)),
        ("cog.yaml", "cog.yaml", "build: [\n", Some(1)),
        ("a key of cog.yaml", "cog.yaml", "predict: predict.py:Predictor\nbuild:\n  python_versoin: '3.11'\n", Some(3)),
        ("the predictor", "predict.py", "def predict(:\n", Some(1)),
        ("the repository's file", ".safe-push.yaml", "models:\n  text-stats:\n    compair: {}\n", Some(3)),
        ("its type", ".safe-push.yaml", "[]\n", Some(1)),
    ] {
        let server = FakeGitHub::start("127.0.0.1:0").await;
        let repository = step(&server, "pull_request", &payload("pull_request"));
        repository.write(file, text);
        let (check, summary) = reported(&server, &repository, what).await;
        assert!(check.contains(file) && summary.contains(file), "{what}: {check} {summary}");
        if let Some(line) = line {
            assert!(check.contains(&format!("\"start_line\":{line}")), "{what}: {check}");
        }
        let comments = server.comments();
        assert_eq!(comments.len(), 1, "{what}");
        assert!(comments[0]["body"].as_str().unwrap().contains(file), "{what}: {}", comments[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_reported_with_every_event() {
    for event in ["push", "merge_group", "workflow_dispatch", "repository_dispatch", "schedule", "release"] {
        let server = FakeGitHub::start("127.0.0.1:0").await;
        let repository = step(&server, event, &payload(event));
        repository.edit(CONFIG, "test_cases:", "test_casse:");
        let (check, summary) = reported(&server, &repository, event).await;
        assert!(check.contains("test_casse") && summary.contains("test_casse"), "{event}: {check} {summary}");
        assert_eq!(server.comments(), Vec::<Value>::new(), "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_read_is_reported() {
    for (what, text) in [("no JSON", "{\"pull_request\":"), ("no object", "[]"), ("nothing", "")] {
        let server = FakeGitHub::start("127.0.0.1:0").await;
        let repository = step(&server, "pull_request", &payload("pull_request"));
        repository.write("runner/event.json", text);
        let seen = tokio::task::block_in_place(|| repository.run(""));
        assert_eq!(seen.code, Some(2), "{what}: {seen}");
        let message = "failed to read the event that started the workflow";
        assert!(obeyed(&seen).iter().any(|line| line.starts_with("::error") && line.contains(message)), "{what}: {seen}");
        assert!(repository.read("runner/summary").contains(message), "{what}");
        assert_eq!(output(&repository, "verdict").as_deref(), Some("misconfigured"), "{what}");
        // It may be a fork's, whose token writes nothing.
        assert_eq!(server.writes(), Vec::<String>::new(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_that_fails_is_reported_with_the_output_of_its_script() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &payload("pull_request"));
    repository.write("script/select-model", "#!/bin/sh\necho 'yq: no template for this model' >&2\nexit 3\n");
    make_executable(&repository, "script/select-model");
    let (check, summary) = reported(&server, &repository, "a script").await;
    assert!(check.contains("no template for this model") && summary.contains("no template for this model"), "{check} {summary}");
    assert_eq!(server.comments().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_characters_of_markdown_stays_a_name() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &payload("pull_request"));
    let name = "a|b_*c*_[d](https:x)<b>`e`";
    std::fs::rename(repository.path().join(CONFIG), repository.path().join(format!("cog-safe-push-configs/{name}.yaml"))).unwrap();
    let seen = tokio::task::block_in_place(|| repository.run(""));
    assert_eq!(server.violations(), Vec::<String>::new(), "{seen}");
    let runs = server.check_runs();
    assert_eq!(runs.len(), 1, "{seen}");
    let comment = server.comments()[0]["body"].as_str().unwrap().to_owned();
    // In code, where nothing is Markdown, and in prose, where it would be.
    assert!(comment.contains("(``cog-safe-push-configs/a\\|b_*c*_[d](https:x)<b>`e`.yaml``)"), "{comment}");
    assert!(comment.contains("'a&#124;b&#95;&#42;c&#42;&#95;&#91;d&#93;(https:x)&#60;b&#62;"), "{comment}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linked_working_directory_names_files_where_they_are_shown_and_one_outside_is_refused() {
    for (target, is_inside) in [("a", true), ("/tmp", false)] {
        let server = FakeGitHub::start("127.0.0.1:0").await;
        let repository = step(&server, "pull_request", &payload("pull_request")).variable("INPUT_WORKING_DIRECTORY", "models/link");
        std::fs::create_dir_all(repository.path().join("models/a")).unwrap();
        for name in ["cog.yaml", "predict.py", "cog-safe-push-configs"] {
            std::fs::rename(repository.path().join(name), repository.path().join("models/a").join(name)).unwrap();
        }
        std::os::unix::fs::symlink(target, repository.path().join("models/link")).unwrap();
        repository.edit("models/a/cog-safe-push-configs/text-stats.yaml", "test_cases:", "test_casse:");
        let (check, _summary) = reported(&server, &repository, target).await;
        // GitHub knows the file only by the name that git has.
        let file = "\"path\":\"models/a/cog-safe-push-configs/text-stats.yaml\"";
        assert_eq!(check.contains(file), is_inside, "{target}: {check}");
        assert!(!check.contains("models/link/"), "{target}: {check}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_mistakes_than_a_request_takes_are_all_annotated() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &payload("pull_request"));
    let mut text = repository.read(CONFIG);
    for number in 0..120 {
        text.push_str(&format!("key_{number}: 1\n"));
    }
    repository.write(CONFIG, &text);
    let (check, _summary) = reported(&server, &repository, "120 mistakes").await;
    let run = &server.check_runs()[0];
    assert_eq!(run["output"]["annotations"].as_array().unwrap().len(), 120, "{check}");
    assert!(run["output"]["summary"].as_str().unwrap().contains("and 110 more"), "{check}");
    let comment = server.comments()[0]["body"].as_str().unwrap().to_owned();
    assert!(comment.chars().count() <= 65_536 && comment.contains("more in the check run"), "{comment}");
}

fn make_executable(repository: &Repository, path: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(repository.path().join(path), mode).unwrap();
}
