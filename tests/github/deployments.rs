//! Deployments that a run leaves on GitHub: where a version can be tried, and what is live.

use safe_push::deliver::github::{Job, MatrixJob, Placement, WorkflowRun, announce};
use safe_push::report::json::v1::Run;
use serde_json::{Value, json};
use test_support::fake_github::{FakeGitHub, Fault, READER, WRITER};

use crate::client::{SHA, client, run};

fn job() -> Job {
    Job { sha: SHA.to_owned(), run: WorkflowRun { id: 1, attempt: 1 }, matrix_job: MatrixJob::alone() }
}

/// A run that staged a version, and published one if it is said to.
fn with_versions(name: &str, verdict: &str, id: char, is_published: bool) -> Run {
    let id: String = std::iter::repeat_n(id, 64).collect();
    let mut run = run(name, verdict, 0);
    run.models[0].versions.test = Some(format!("acme/{name}-test:{id}"));
    run.models[0].versions.live = is_published.then(|| format!("acme/{name}:{id}"));
    run
}

async fn announced(server: &FakeGitHub, token: &str, pull_request: Option<u64>, run: &Run) -> Vec<String> {
    let (github, job) = (client(server, token), job());
    let placement = Placement { job: &job, pull_request, run_url: Some("https://github.com/acme/hotdog/actions/runs/1") };
    announce(&*github, placement, run).await.iter().map(ToString::to_string).collect()
}

fn states(deployment: &Value) -> Vec<&str> {
    deployment["statuses"].as_array().unwrap().iter().map(|status| status["state"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_staged_version_is_a_preview_until_the_next_one_replaces_it() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    for (name, verdict, id, number) in
        [("flux", "passed", 'a', 7), ("flux", "failed", 'b', 7), ("other", "passed", 'c', 7), ("flux", "passed", 'd', 8)]
    {
        let messages = announced(&server, WRITER, Some(number), &with_versions(name, verdict, id, false)).await;
        assert_eq!(messages, Vec::<String>::new());
    }
    let deployments = server.deployments();
    let all: Vec<Vec<&str>> = deployments.iter().map(states).collect();
    // Another model and another pull request replace nothing.
    assert_eq!(all, [vec!["success", "inactive"], vec!["failure"], vec!["success"], vec!["success"]]);
    assert!(deployments.iter().all(|deployment| deployment["environment"] == "preview" && deployment["ref"] == SHA));
    let url = deployments[0]["statuses"][0]["environment_url"].as_str().unwrap();
    assert_eq!(url, format!("https://replicate.com/acme/flux-test/versions/{}", "a".repeat(64)));
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_published_version_is_live_in_an_environment_of_its_own() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    for id in ['a', 'b'] {
        assert_eq!(announced(&server, WRITER, None, &with_versions("flux", "passed", id, true)).await, Vec::<String>::new());
    }
    let deployments = server.deployments();
    assert_eq!(deployments.iter().map(states).collect::<Vec<_>>(), [vec!["success", "inactive"], vec!["success"]]);
    for deployment in &deployments {
        assert_eq!(
            (&deployment["environment"], &deployment["production_environment"]),
            (&json!("replicate/acme/flux"), &json!(true))
        );
    }
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn deployments_add_three_requests_and_a_fourth_for_the_one_they_replace() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let mut counts = Vec::new();
    for id in ['a', 'b', 'c'] {
        let before = server.requests().len();
        assert_eq!(announced(&server, WRITER, Some(7), &with_versions("flux", "passed", id, false)).await, Vec::<String>::new());
        counts.push(server.requests().len() - before);
    }
    assert_eq!(counts, [3, 4, 4]);
    // With a published version there is one deployment: that of what is live.
    let before = server.requests().len();
    announced(&server, WRITER, None, &with_versions("flux", "passed", 'd', true)).await;
    assert_eq!(server.requests().len() - before, 3);
}

#[tokio::test]
async fn without_the_right_there_are_none_and_nobody_complains() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    server.denies_deployments();
    assert_eq!(announced(&server, WRITER, None, &with_versions("flux", "passed", 'a', true)).await, Vec::<String>::new());
    assert_eq!(server.requests().len(), 1, "the first answer is enough");
    let reader = FakeGitHub::start("127.0.0.1:0").await;
    assert_eq!(announced(&reader, READER, None, &with_versions("flux", "passed", 'a', true)).await, Vec::<String>::new());
    assert_eq!((reader.deployments().len(), reader.violations().len()), (0, 0));
}

#[tokio::test]
async fn a_run_without_versions_has_none_and_an_outage_is_reported() {
    let server = FakeGitHub::start("127.0.0.1:0").await;
    assert_eq!(announced(&server, WRITER, Some(7), &run("flux", "passed", 0)).await, Vec::<String>::new());
    assert_eq!(server.requests().len(), 0);
    server.fail([Fault::BadGateway; 40]);
    let messages = announced(&server, WRITER, Some(7), &with_versions("flux", "passed", 'a', false)).await;
    assert!(
        messages.len() == 1 && messages[0].starts_with("the deployment of preview: failed to create a deployment of preview"),
        "{messages:?}"
    );
}
