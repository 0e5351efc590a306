//! The program as a step of a workflow: inputs, payloads, files and the log as the runner gives and reads them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};
use test_support::fake_github::{FakeGitHub, READER, WRITER};
use test_support::runner::{self, HEAD, obeyed, output, pull_request};
use test_support::{Repository, Seen};

const SECRET: &str = "cog_secret_of_the_account";

/// The example as the runner starts a step in it.
fn step(server: &FakeGitHub, event: &str, payload: &Value, token: &str) -> Repository {
    runner::step(Repository::example("text-stats"), &server.url(), event, payload, token)
        .variable("INPUT_REPORT-DIR", "out")
        // No daemon: what needs one says so.
        .variable("DOCKER_HOST", "unix:///nonexistent/docker.sock")
}

async fn run(repository: &Repository, line: &str) -> Seen {
    tokio::task::block_in_place(|| repository.run(line))
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
    // As it is, and as a name that is Base64.
    let encoded = STANDARD_NO_PAD.encode(SECRET);
    repository.edit("predict.py", "import", &format!("import {SECRET} ::\nimport {encoded} ::\nimport"));
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(1), "{seen}");
    let log: String = seen.stdout.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    let told = [log, seen.stderr.clone(), repository.read("runner/summary"), repository.read("runner/output")];
    let sent = serde_json::to_string(&server.check_runs()).unwrap();
    for text in told.iter().chain([&sent, &repository.read("out/run.json"), &repository.read("out/report.html")]) {
        assert!(!text.contains(SECRET) && !text.contains(&encoded[4..20]), "{text}");
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

/// A repository of two models, each made of a folder of its own.
fn two_models(server: &FakeGitHub, event: &str, payload: &Value) -> Repository {
    let repository = step(server, event, payload, READER).variable("INPUT_MODELS", "changed");
    let configuration = repository.read("cog-safe-push-configs/text-stats.yaml");
    repository.write("cog-safe-push-configs/other.yaml", &configuration.replace("acme/text-stats", "acme/other"));
    repository.write(".safe-push.yaml", "models:\n  text-stats: { paths: [\"stats/**\"] }\n  other: { paths: [\"other/**\"] }\n");
    repository
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_models_are_those_of_the_pull_requests_files_as_github_lists_them() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = two_models(&server, "pull_request", &pull_request("mallory/hotdog"));
    for (files, models) in [
        (vec![json!({ "filename": "other/x.py", "status": "modified" })], "other"),
        (vec![json!({ "filename": "docs/x.md", "status": "added" })], ""),
        // What was moved away is missing where it was.
        (vec![json!({ "filename": "docs/x.py", "previous_filename": "stats/x.py", "status": "renamed" })], "text-stats"),
        (vec![json!({ "filename": "other/copy.py", "previous_filename": "stats/x.py", "status": "copied" })], "other"),
        (vec![json!({ "filename": "docs/x.md", "status": "modified" }); 2999], ""),
        (vec![json!({ "filename": "docs/x.md", "status": "modified" }); 3000], "other,text-stats"),
    ] {
        server.has_changed(files);
        repository.write("runner/output", "");
        let seen = run(&repository, "select").await;
        assert_eq!(seen.code, Some(0), "{seen}");
        assert_eq!(output(&repository, "models").as_deref(), Some(models), "{seen}");
    }
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_models_of_a_push_are_those_between_its_commits() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let (before, zero) = ("a".repeat(40), "0".repeat(40));
    let file = |name: &str| json!({ "filename": name, "status": "modified" });
    let everything = "other,text-stats";
    for (before, status, files, models) in [
        (&before, "ahead", vec![file("stats/x.py")], "text-stats"),
        (&before, "ahead", vec![file("docs/x.md"); 299], ""),
        (&before, "ahead", vec![file("docs/x.md"); 300], everything),
        (&before, "diverged", vec![], everything),
        (&zero, "ahead", vec![], everything),
    ] {
        let repository = two_models(&server, "push", &json!({ "before": before, "after": HEAD }));
        server.compares(status, &files);
        let seen = run(&repository, "select").await;
        assert_eq!(seen.code, Some(0), "{seen}");
        assert_eq!(output(&repository, "models").as_deref(), Some(models), "{status} {seen}");
    }
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_of_github_git_is_asked_and_in_doubt_all_models_count() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = two_models(&server, "pull_request", &pull_request("mallory/hotdog"));
    let repository = repository.variable("INPUT_GITHUB_TOKEN", "ghs_expired");
    let seen = run(&repository, "select").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(output(&repository, "models").as_deref(), Some("other,text-stats"));
    assert!(seen.stdout.contains("failed to list the files of the pull request: GitHub denied permission"), "{seen}");
    assert!(seen.stdout.contains("every model counts as changed: the folder is not a git repository"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_nothing_has_outputs_too() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = two_models(&server, "pull_request", &pull_request("acme/hotdog"));
    server.has_changed(vec![json!({ "filename": "docs/x.md", "status": "modified" })]);
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let outputs = ["verdict", "versions", "matrix", "report_path"].map(|name| output(&repository, name).unwrap());
    assert_eq!(outputs, ["passed", "{}", r#"{"model":[]}"#, "out"]);
    assert!(output(&repository, "summary").unwrap().contains("no model has changed"));
    assert!(repository.read("runner/summary").contains("no model has changed"));
    assert_eq!(server.writes(), Vec::<String>::new());
    obeyed(&seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_folder_that_cannot_be_written_takes_nothing_else_with_it() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    repository.write("out", "a file where the report folder should be");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "the verdict stays: {seen}");
    assert!(seen.stdout.contains("warning: the report folder: failed to create"), "{seen}");
    let runs = server.check_runs();
    assert_eq!((runs[0]["status"].as_str(), runs[0]["conclusion"].as_str()), (Some("completed"), Some("success")));
    assert!(server.comments()[0]["body"].as_str().unwrap().contains("✅ 1 model passed"));
    assert!(repository.read("runner/summary").contains("text-stats"));
    assert_eq!(["verdict", "versions"].map(|name| output(&repository, name).unwrap()), ["passed", "{}"]);
    assert_eq!(output(&repository, "report_path"), None, "there is no report");
    obeyed(&seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_check_run_leaves_the_others_to_be_completed() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    server.refuses_check_runs("safe-push / other");
    let repository = two_models(&server, "schedule", &json!({}));
    let repository = repository.variable("INPUT_GITHUB_TOKEN", WRITER).variable("INPUT_MODELS", "all");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(seen.stdout.matches("warning: the check run of other").count(), 1, "{seen}");
    let runs = server.check_runs();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!(runs[0]["name"], "safe-push / text-stats");
    assert_eq!((runs[0]["status"].as_str(), runs[0]["conclusion"].as_str()), (Some("completed"), Some("success")));
    assert_eq!(output(&repository, "verdict").as_deref(), Some("passed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_that_cannot_be_written_takes_nothing_else_with_it() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("acme/hotdog"), WRITER);
    let repository = repository.variable("GITHUB_STEP_SUMMARY", "/nonexistent/summary");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.contains("warning: the job summary: "), "{seen}");
    assert_eq!(output(&repository, "verdict").as_deref(), Some("passed"));
    assert_eq!(server.check_runs()[0]["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_obeyed_on_the_way_to_github() {
    // What is asked of it as a proxy is answered as GitHub.
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "schedule", &json!({}), WRITER)
        .variable("GITHUB_API_URL", "http://github.invalid")
        .variable("HTTP_PROXY", &server.url());
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(server.check_runs().len(), 1, "{seen}");
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forks_build_is_given_no_secrets_whatever_its_files_say() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = step(&server, "pull_request", &pull_request("mallory/hotdog"), READER);
    repository.write(".safe-push.yaml", "docker_secrets: [\"id=mine,env=INPUT_GITHUB_TOKEN\"]\n");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "a token is never a source: {seen}");
    repository.write(".safe-push.yaml", "docker_secrets: [\"id=mine,env=HF_TOKEN\"]\n");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(2), "nobody allowed it: {seen}");
    let repository = repository.variable("INPUT_SECRET_VARIABLES", "HF_TOKEN");
    let seen = run(&repository, "").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let summary = repository.read("runner/summary");
    assert!(summary.contains("models whose builds need secrets or the Cog CLI were only checked"), "{summary}");
    assert!(summary.contains("| build | skipped |"), "{summary}");
}
