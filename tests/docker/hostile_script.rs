//! A hostile select script in the action's own container, run as the runner runs it: with the Docker socket, the runner's files and tokens
//! in the same container.

use serde_json::{Value, json};
use test_support::docker_is_there;
use test_support::fake_github::{FakeGitHub, WRITER};
use test_support::hostile_script::{self, Targets, assert_harmless, assert_not_run};
use test_support::runner::{self, HEAD, pull_request};

use crate::action_image::{Job, Network};

const TOKENS: &str = "r8_hostile_[a-z]+|cog_hostile_[a-z]+|sk-hostile-[a-z]+|ghs_(reader|writer)|runtime_hostil[e]";

/// A job whose checkout has the script.
async fn job(mark: &str) -> Job {
    let job = Job::new()
        .await
        .variable("ACTIONS_RUNTIME_TOKEN", "runtime_hostile")
        .variable("REPLICATE_BASE_URL", "http://127.0.0.1:9")
        .variable("REPLICATE_REGISTRY", "127.0.0.1:9")
        .input("replicate_api_token", "r8_hostile_token_of_the_account")
        .input("cog_token", "cog_hostile_token_of_the_account")
        .input("anthropic_api_key", "sk-hostile-key-of-the-account");
    let commands = ["env", "path", "output", "state", "summary"].map(|name| format!("/github/file_commands/{name}"));
    let files =
        [commands.as_slice(), &["/github/workflow/event.json".to_owned(), "/github/runner_temp/ca.crt".to_owned()]].concat();
    let folders = ["file_commands", "workflow", "home", "runner_temp"].map(|name| format!("/github/{name}"));
    let targets = Targets {
        tokens: TOKENS,
        files: &files,
        folders: &[folders.as_slice(), &["/etc".to_owned(), "/usr/local/bin".to_owned()]].concat(),
        sockets: &["/var/run/docker.sock".to_owned()],
        mark,
    };
    hostile_script::write(job.repository(), &targets);
    job.own_checkout();
    job.own_commands();
    job
}

/// Runs the script in the container of the action after an event, and looks for what it gained.
async fn assert_gains_nothing(event: &str, payload: &Value) {
    if !docker_is_there() {
        return;
    }
    let server = FakeGitHub::start("0.0.0.0:0").await;
    let mark = format!("hostilein{event}");
    let job = job(&mark).await.event(event, payload, &server, WRITER, Network::Bridge);
    let seen = job.run().await;
    // The owner of the checkout.
    assert_eq!(assert_harmless(job.repository(), &mark), 1001, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_schedule_a_script_gains_nothing_and_runs_as_the_checkouts_owner() {
    assert_gains_nothing("schedule", &json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_push_a_script_gains_nothing_and_runs_as_the_checkouts_owner() {
    assert_gains_nothing("push", &json!({ "after": runner::CHECKED_OUT })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_pull_request_a_script_gains_nothing_and_runs_as_the_checkouts_owner() {
    assert_gains_nothing("pull_request", &pull_request("acme/hotdog")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_comment_a_script_gains_nothing_and_runs_as_the_checkouts_owner() {
    assert_gains_nothing("issue_comment", &json!({ "issue": { "number": 7 } })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_actions_container_foreign_code_is_not_run() {
    if !docker_is_there() {
        return;
    }
    let run = json!({
        "repository": { "full_name": "acme/hotdog" },
        "workflow_run": { "head_sha": HEAD, "head_repository": { "full_name": "acme/hotdog" } },
    });
    for (event, payload, checked_out) in [
        ("pull_request", pull_request("mallory/hotdog"), runner::CHECKED_OUT),
        ("pull_request_target", pull_request("acme/hotdog"), HEAD),
        ("workflow_run", run, HEAD),
        ("issue_comment", json!({ "issue": { "number": 7 } }), HEAD),
    ] {
        let server = FakeGitHub::start("0.0.0.0:0").await;
        let job = job("hostileforeign").await.without_socket().event(event, &payload, &server, WRITER, Network::Bridge);
        job.repository().write(".git/HEAD", checked_out);
        job.own_checkout();
        job.run().await;
        assert_not_run(job.repository());
    }
}
