//! The action's image, run exactly as the runner runs it: the same `docker run`, mounts, environment and file commands
//! (`docs/reference/github-actions.md#container-actions`), against a sandbox for Replicate and a strict GitHub.

use std::fs;
use std::time::{Duration, Instant};

use replicate_sandbox::{Sandbox, Visibility};
use serde_json::{Value, json};
use test_support::fake_github::{FakeGitHub, READER, WRITER};
use test_support::runner::{self, HEAD, pull_request};
use test_support::{docker_is_there, root, sandbox_options};

use crate::action_image::{Job, Network};

const LIVE: &str = "acme/text-stats";
const TEST: &str = "acme/text-stats-test";

/// Replicate with the model, without a version of it.
async fn replicate() -> Sandbox {
    let options = sandbox_options();
    let sandbox = Sandbox::start(options).await.unwrap();
    sandbox.create_model(LIVE, Visibility::Public, "cpu").unwrap();
    sandbox
}

fn conclusions(server: &FakeGitHub) -> Vec<(String, String, String)> {
    let text = |run: &Value, field: &str| run[field].as_str().unwrap_or_default().to_owned();
    server.check_runs().iter().map(|run| (text(run, "name"), text(run, "head_sha"), text(run, "conclusion"))).collect()
}

fn concluded(sha: &str, conclusion: &str) -> Vec<(String, String, String)> {
    vec![("safe-push / text-stats".to_owned(), sha.to_owned(), conclusion.to_owned())]
}

/// What every run has to leave behind.
fn assert_tidy(job: &Job, server: &FakeGitHub) {
    assert_tidy_but_for_the_report(job, server);
    assert_eq!(job.output("report_path").as_deref(), Some("safe-push-report"));
}

fn assert_tidy_but_for_the_report(job: &Job, server: &FakeGitHub) {
    assert_eq!(server.violations(), Vec::<String>::new());
    assert_eq!(job.output("matrix").as_deref(), Some(r#"{"model":["text-stats"]}"#));
    let summary = job.output("summary").unwrap();
    assert!(!summary.is_empty() && job.summary().contains(summary.lines().next().unwrap()));
    let foreign = job.files_of_others();
    assert!(foreign.is_empty(), "the steps behind this one cannot remove {foreign:?}");
    let containers = job.containers();
    assert!(containers.is_empty(), "left running: {containers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_decide_what_is_tested_and_what_is_published() {
    if !docker_is_there() {
        return;
    }
    let (sandbox, server) = (replicate().await, FakeGitHub::start("127.0.0.1:0").await);
    let versions = || (sandbox.versions(TEST).len(), sandbox.versions(LIVE).len());
    let job = || async { Job::new().await.with_replicate(&sandbox) };
    let sha = runner::CHECKED_OUT;

    let push = job().await.event("push", &json!({ "after": sha }), &server, WRITER, Network::Host);
    let seen = push.run().await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!((versions(), push.output("verdict").as_deref()), ((1, 1), Some("passed")), "{seen}");
    let published: Value = serde_json::from_str(&push.output("versions").unwrap()).unwrap();
    assert_eq!(published["text-stats"], format!("{LIVE}:{}", sandbox.versions(LIVE)[0].id));
    assert_eq!(conclusions(&server), concluded(sha, "success"));
    assert_eq!(server.comments(), Vec::<Value>::new());
    assert_tidy(&push, &server);

    let server = FakeGitHub::start("127.0.0.1:0").await;
    let own = job().await.event("pull_request", &pull_request("acme/hotdog"), &server, WRITER, Network::Host);
    let seen = own.run().await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!((versions(), own.output("versions").as_deref()), ((2, 1), Some("{}")), "{seen}");
    assert_eq!(conclusions(&server), concluded(HEAD, "success"));
    let comments = server.comments();
    assert_eq!(comments.len(), 1);
    assert!(comments[0]["body"].as_str().unwrap().contains("✅ 1 model passed"), "{comments:?}");
    assert_tidy(&own, &server);

    let server = FakeGitHub::start("127.0.0.1:0").await;
    let dispatch = job().await.event("workflow_dispatch", &json!({ "inputs": {} }), &server, WRITER, Network::Host);
    let seen = dispatch.input("test_only", "true").run().await;
    assert_eq!((seen.code, versions()), (Some(0), (3, 1)), "{seen}");
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let again = job().await.event("workflow_dispatch", &json!({ "inputs": {} }), &server, WRITER, Network::Host);
    let seen = again.run().await;
    assert_eq!((seen.code, versions()), (Some(0), (3, 1)), "{seen}");
    let outputs = ["verdict", "published", "versions"].map(|name| again.output(name).unwrap());
    assert_eq!(outputs, ["passed", "false", "{}"], "nothing changed: {seen}");
    let summary = again.output("summary").unwrap();
    assert!(summary.contains("Nothing to publish") && summary.contains("always: true"), "{summary}");
    let runs = server.check_runs();
    assert!(runs[0]["output"]["summary"].as_str().unwrap().contains("Publish it anyway with"), "{runs:?}");
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let again = job().await.event("workflow_dispatch", &json!({ "inputs": {} }), &server, WRITER, Network::Host);
    // No folder can be created there: what was published is reported all the same.
    let again = again.input("report_dir", "cog.yaml/report").input("always", "true");
    let seen = again.run().await;
    assert_eq!((seen.code, versions()), (Some(0), (4, 2)), "{seen}");
    let published: Value = serde_json::from_str(&again.output("versions").unwrap()).unwrap();
    assert_eq!(published["text-stats"], format!("{LIVE}:{}", sandbox.versions(LIVE)[0].id));
    assert_eq!((again.output("verdict").as_deref(), again.output("report_path")), (Some("passed"), None));
    assert_eq!(again.output("published").as_deref(), Some("true"));
    assert_eq!(conclusions(&server), concluded(sha, "success"));
    assert_tidy_but_for_the_report(&again, &server);

    let server = FakeGitHub::start("127.0.0.1:0").await;
    let schedule = job().await.event("schedule", &json!({ "schedule": "17 * * * *" }), &server, WRITER, Network::Host);
    let seen = schedule.run().await;
    assert_eq!((seen.code, versions()), (Some(0), (4, 2)), "{seen}");
    assert_eq!(conclusions(&server), concluded(sha, "success"));
    assert_tidy(&schedule, &server);

    let server = FakeGitHub::start("127.0.0.1:0").await;
    let payload = json!({ "merge_group": { "head_sha": HEAD, "base_sha": "b".repeat(40) } });
    let group = job().await.event("merge_group", &payload, &server, WRITER, Network::Host);
    let seen = group.run().await;
    assert_eq!((seen.code, versions()), (Some(0), (5, 2)), "{seen}");
    assert_eq!(conclusions(&server), concluded(HEAD, "success"));
    assert_eq!(server.comments(), Vec::<Value>::new());
    assert_tidy(&group, &server);
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forks_model_runs_in_the_sandbox_of_the_actions_own_container() {
    if !docker_is_there() {
        return;
    }
    let server = FakeGitHub::start("0.0.0.0:0").await;
    server.has_changed(vec![json!({ "filename": "predict.py", "status": "modified" })]);
    let fork = Job::new().await.event("pull_request", &pull_request("mallory/hotdog"), &server, READER, Network::Bridge);
    let fork = fork.input("models", "changed");
    let seen = fork.run().await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(!seen.stdout.contains("every model counts as changed"), "{seen}");
    assert_eq!(fork.output("verdict").as_deref(), Some("passed"));
    let run: Value = serde_json::from_str(&fork.read("safe-push-report/run.json")).unwrap();
    let stages: Vec<&str> = run["models"][0]["stages"].as_array().unwrap().iter().filter_map(|s| s["name"].as_str()).collect();
    assert!(stages.contains(&"verify"), "{run}");
    assert!(run["models"][0]["cases"].as_array().unwrap().iter().all(|case| case["status"] == "passed"), "{run}");
    assert!(fork.summary().contains("images were passed by reference"), "{}", fork.summary());
    assert_eq!(server.writes(), Vec::<String>::new());
    assert_tidy(&fork, &server);
    assert_eq!(fork.images(), "", "images of the sandbox stay behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_daemon_is_reported_and_a_fork_is_checked_all_the_same() {
    if !docker_is_there() {
        return;
    }
    let server = FakeGitHub::start("0.0.0.0:0").await;
    let fork = Job::new().await.event("pull_request", &pull_request("mallory/hotdog"), &server, READER, Network::Bridge);
    let seen = fork.without_socket().run().await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.contains("no Docker socket at"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_image_holds_what_scripts_of_model_repositories_call() {
    if !docker_is_there() {
        return;
    }
    let versions =
        "ruff --version && git --version && jq --version && envsubst --version && bash --version && python3 --version && yq";
    let said = Job::new().await.shell(versions);
    for program in ["git version", "jq-", "envsubst", "bash", "Python 3", "stand-in for yq"] {
        assert!(said.contains(program), "{program} is missing: {said}");
    }
    let project = fs::read_to_string(root().join("pyproject.toml")).unwrap();
    let version = project.split("\"ruff==").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(said.contains(&format!("ruff {version}\n")), "not the Ruff of the wheel, {version}: {said}");
    let missing = Job::new().await.shell("command -v gcc cc make docker pip; ls /etc/ssl/certs/ca-certificates.crt");
    assert_eq!(missing.trim(), "/etc/ssl/certs/ca-certificates.crt", "the image holds what it does not need");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_step_ends_its_check_run_and_leaves_no_container() {
    if !docker_is_there() {
        return;
    }
    let (sandbox, server) = (replicate().await, FakeGitHub::start("127.0.0.1:0").await);
    let job = Job::new().await.with_replicate(&sandbox);
    let job = job.event("pull_request", &pull_request("acme/hotdog"), &server, WRITER, Network::Host);
    job.edit("predict.py", "        words = self.word", "        import time\n        time.sleep(600)\n        words = self.word");
    let running = job.start();
    let deadline = Instant::now() + Duration::from_secs(180);
    while !sandbox.predictions().iter().any(|prediction| prediction.status == "processing") {
        assert!(Instant::now() < deadline, "no prediction was started");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (seen, signals) = running.cancel().await;
    assert_eq!(signals, ["INT"], "it has to be over before the runner gets rougher: {seen}");
    assert_eq!(seen.code, Some(130), "{seen}");
    assert_eq!(conclusions(&server), concluded(HEAD, "cancelled"));
    assert_eq!(job.output("verdict").as_deref(), Some("cancelled"));
    let open: Vec<_> =
        sandbox.predictions().into_iter().filter(|prediction| ["starting", "processing"].contains(&prediction.status)).collect();
    assert!(open.is_empty(), "{open:?}");
    assert_tidy(&job, &server);
    sandbox.stop().await;
}
