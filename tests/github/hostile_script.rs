//! A hostile select script, on every event: where the code is the repository's own it runs and gains nothing, where it is somebody else's
//! it does not run. Here the program is started without a container: `tests/docker/hostile_script.rs` runs the action's own.

use serde_json::{Value, json};
use test_support::Repository;
use test_support::fake_github::{FakeGitHub, READER, WRITER};
use test_support::hostile_script::{self, Targets, assert_harmless, assert_not_run};
use test_support::runner::{self, HEAD, output, pull_request};

const TOKENS: &str = "r8_hostile_[a-z]+|cog_hostile_[a-z]+|sk-hostile-[a-z]+|ghs_(reader|writer)|runtime_hostil[e]";

/// A step whose checkout has the script, and whose runner keeps its files elsewhere.
struct Step {
    repository: Repository,
    runner: tempfile::TempDir,
    mark: String,
}

impl Step {
    fn new(server: &FakeGitHub, event: &str, payload: &Value, token: &str) -> Self {
        let runner = tempfile::tempdir().unwrap();
        let mark = format!("hostile{}", runner.path().file_name().unwrap().to_string_lossy().replace('.', ""));
        let repository = runner::step(Repository::example("text-stats"), &server.url(), event, payload, token)
            .variable("INPUT_REPORT-DIR", "out")
            .variable("INPUT_REPLICATE_API_TOKEN", "r8_hostile_token_of_the_account")
            .variable("INPUT_COG_TOKEN", "cog_hostile_token_of_the_account")
            .variable("INPUT_ANTHROPIC_API_KEY", "sk-hostile-key-of-the-account")
            .variable("ACTIONS_RUNTIME_TOKEN", "runtime_hostile")
            .variable("REPLICATE_BASE_URL", "http://127.0.0.1:9")
            .variable("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        let commands = ["env", "path", "output", "state", "summary", "event.json"];
        let path = |name: &str| runner.path().join(name).display().to_string();
        for name in commands {
            let text = if name == "event.json" { payload.to_string() } else { String::new() };
            std::fs::write(path(name), text).unwrap();
        }
        let variables = [
            ("GITHUB_ENV", "env"),
            ("GITHUB_PATH", "path"),
            ("GITHUB_OUTPUT", "output"),
            ("GITHUB_STATE", "state"),
            ("GITHUB_STEP_SUMMARY", "summary"),
            ("GITHUB_EVENT_PATH", "event.json"),
        ];
        let repository = variables.into_iter().fold(repository, |step, (name, file)| step.variable(name, &path(file)));
        hostile_script::write(
            &repository,
            &Targets {
                tokens: TOKENS,
                files: &commands.map(path),
                folders: &[runner.path().display().to_string(), "/etc".to_owned(), "/root".to_owned()],
                sockets: &["/var/run/docker.sock".to_owned()],
                mark: &mark,
            },
        );
        Self { repository, runner, mark }
    }

    async fn run(&self, line: &str) {
        let seen = tokio::task::block_in_place(|| self.repository.run(line));
        assert!(!seen.stdout.contains("EVIL") && !seen.stderr.contains("EVIL"), "{seen}");
        let commands = ["env", "path", "state"].map(|name| std::fs::read_to_string(self.runner.path().join(name)).unwrap());
        assert_eq!(commands, ["", "", ""]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_of_the_repository_itself_gains_nothing() {
    for (event, payload) in [
        ("push", json!({ "after": runner::CHECKED_OUT })),
        ("pull_request", pull_request("acme/hotdog")),
        ("issue_comment", json!({ "issue": { "number": 7 } })),
        ("schedule", json!({})),
    ] {
        let server = FakeGitHub::start("127.0.0.1:0").await;
        for line in ["", "select"] {
            let step = Step::new(&server, event, &payload, WRITER);
            step.run(line).await;
            assert_harmless(&step.repository, &step.mark);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_of_somebody_else_is_never_run() {
    let run = |head: &str| {
        json!({
            "repository": { "full_name": "acme/hotdog" },
            "workflow_run": { "head_sha": HEAD, "head_repository": { "full_name": head } },
        })
    };
    for (event, payload, checked_out) in [
        ("pull_request", pull_request("mallory/hotdog"), runner::CHECKED_OUT),
        ("pull_request_review_comment", pull_request("mallory/hotdog"), runner::CHECKED_OUT),
        ("pull_request_target", pull_request("mallory/hotdog"), HEAD),
        ("pull_request_target", pull_request("acme/hotdog"), runner::CHECKED_OUT),
        ("workflow_run", run("mallory/hotdog"), HEAD),
        ("workflow_run", run("acme/hotdog"), runner::CHECKED_OUT),
        ("issue_comment", json!({ "issue": { "number": 7 } }), HEAD),
        ("push", json!({ "after": runner::CHECKED_OUT }), HEAD),
    ] {
        let server = FakeGitHub::start("127.0.0.1:0").await;
        for line in ["", "select"] {
            let step = Step::new(&server, event, &payload, READER);
            step.repository.write(".git/HEAD", checked_out);
            step.run(line).await;
            assert_not_run(&step.repository);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_foreign_code_come_from_configurations_and_the_reason_is_reported() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = runner::step(Repository::example("text-stats"), &server.url(), "issue_comment", &json!({}), WRITER);
    repository.write("script/select-model", "#!/bin/bash\n[ \"$1\" = --list ] && echo evil\n");
    repository.write(".git/HEAD", HEAD);
    let seen = tokio::task::block_in_place(|| repository.run("select"));
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(output(&repository, "matrix").as_deref(), Some(r#"{"model":["text-stats"]}"#));
    let log = format!("{}{}", seen.stdout, seen.stderr);
    assert!(log.contains("Commit 0123456 is checked out, which is not the one that issue_comment is about"), "{seen}");
    assert!(log.contains("no script of the repository was run"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_place_of_the_report_folder_is_replaced() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let outside = tempfile::tempdir().unwrap();
    let repository = runner::step(Repository::example("text-stats"), &server.url(), "merge_group", &json!({}), WRITER);
    std::os::unix::fs::symlink(outside.path(), repository.path().join("safe-push-report")).unwrap();
    let seen = tokio::task::block_in_place(|| repository.run(""));
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(repository.path().join("safe-push-report/run.json").is_file());
    assert!(!repository.path().join("safe-push-report").is_symlink());
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}
