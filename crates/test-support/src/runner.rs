//! The runner of GitHub Actions: what it gives to a step, and how it reads the step's results. See
//! `docs/reference/github-actions.md#container-actions` and `docs/reference/github-actions.md#workflow-commands`. The step here is the
//! binary itself; `tests/docker/action.rs` runs the container.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fake_github::git::REPOSITORY_ID;
use crate::{Repository, Seen};

/// The head of the pull request.
pub const HEAD: &str = "0123456789abcdef0123456789abcdef01234567";

/// The checked-out commit: for a pull request, the merge.
pub const CHECKED_OUT: &str = "ffffffffffffffffffffffffffffffffffffffff";

/// Prepares a repository in which the runner starts a step.
pub fn step(repository: Repository, api: &str, event: &str, payload: &Value, token: &str) -> Repository {
    repository.write("runner/event.json", &payload.to_string());
    repository.write("runner/output", "");
    // As actions/checkout leaves it: the commit that the event is about.
    repository.write(".git/HEAD", &format!("{CHECKED_OUT}\n"));
    repository.write("runner/summary", "");
    let path = |name: &str| repository.path().join("runner").join(name).display().to_string();
    let (event_path, output, summary) = (path("event.json"), path("output"), path("summary"));
    let workspace = repository.path().display().to_string();
    let variables = [
        ("GITHUB_ACTIONS", "true"),
        ("CI", "true"),
        ("GITHUB_EVENT_NAME", event),
        ("GITHUB_EVENT_PATH", &event_path),
        ("GITHUB_OUTPUT", &output),
        ("GITHUB_STEP_SUMMARY", &summary),
        ("GITHUB_WORKSPACE", &workspace),
        ("GITHUB_REPOSITORY", "acme/hotdog"),
        ("GITHUB_SHA", CHECKED_OUT),
        ("GITHUB_RUN_ID", "11"),
        ("GITHUB_RUN_ATTEMPT", "1"),
        ("GITHUB_WORKFLOW", "models"),
        ("GITHUB_WORKFLOW_REF", "acme/hotdog/.github/workflows/models.yaml@refs/heads/main"),
        ("GITHUB_JOB", "push"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_API_URL", api),
        ("INPUT_GITHUB_TOKEN", token),
        ("INPUT_MODELS", ""),
    ];
    variables.into_iter().fold(repository, |repository, (name, value)| repository.variable(name, value))
}

/// The place of a job in its matrix, as the runner fills it in.
pub fn in_matrix(repository: Repository, matrix: &Value, index: usize, total: usize) -> Repository {
    let strategy = json!({ "fail-fast": false, "job-index": index, "job-total": total, "max-parallel": total });
    repository.variable("INPUT_JOB_MATRIX", &matrix.to_string()).variable("INPUT_JOB_STRATEGY", &strategy.to_string())
}

/// The payload of a pull request from a repository.
pub fn pull_request(head: &str) -> Value {
    json!({
        "repository": { "full_name": "acme/hotdog", "default_branch": "main", "node_id": REPOSITORY_ID },
        "pull_request": {
            "number": 7,
            "head": { "sha": HEAD, "repo": { "full_name": head } },
            "base": { "sha": "b", "repo": { "full_name": "acme/hotdog" } },
        },
    })
}

/// An output of the step, as later steps read it.
pub fn output(repository: &Repository, name: &str) -> Option<String> {
    output_in(&repository.read("runner/output"), name)
}

/// A value in the text of a file that `GITHUB_OUTPUT` names.
pub fn output_in(text: &str, name: &str) -> Option<String> {
    let mut lines = text.split_terminator('\n');
    while let Some(line) = lines.next() {
        let (found, delimiter) = line.split_once("<<").unwrap();
        let mut value = Vec::new();
        loop {
            // The runner fails a step whose value has no end delimiter.
            match lines.next().unwrap() {
                line if line == delimiter => break,
                line => value.push(line),
            }
        }
        if found == name {
            return Some(value.join("\n"));
        }
    }
    None
}

/// Lines that the runner executes as commands. Those between stop and resume do not count.
pub fn obeyed(seen: &Seen) -> Vec<String> {
    let mut stopped: Option<String> = None;
    let mut commands = Vec::new();
    // Either character ends a line.
    let lines = seen.stdout.split(['\n', '\r']).chain(seen.stderr.split(['\n', '\r']));
    for line in lines.map(str::trim_start) {
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

/// Cancels a job as the runner does, and returns the signals that it took.
pub async fn cancel(client: &mut Child) -> Vec<&'static str> {
    let mut sent = Vec::new();
    for (signal, patience) in [("INT", 7500), ("TERM", 2500), ("KILL", 2500)] {
        let killed = Command::new("kill").args([&format!("-{signal}"), &client.id().to_string()]).status().unwrap();
        assert!(killed.success());
        sent.push(signal);
        let end = Instant::now() + Duration::from_millis(patience);
        while Instant::now() < end {
            if client.try_wait().unwrap().is_some() {
                return sent;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    panic!("it does not end");
}
