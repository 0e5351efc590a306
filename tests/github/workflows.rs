//! The reusable workflow as the guide calls it, run from its first job to its last, for a repository whose models need no build to be
//! checked.

use serde_json::{Value, json};
use std::path::Path;
use test_support::Repository;
use test_support::fake_github::FakeGitHub;
use test_support::runner::pull_request;
use test_support::workflow::{Finished, WorkflowRun, workflow_of_page};

const GUIDE: &str = "docs/guides/variants-from-a-template.md";

/// As a repository with many variants has it: what differs is in a table, and `cog.yaml` comes from a template.
const SELECT: &str = r#"#!/bin/bash
set -euo pipefail
export WEIGHTS="$(yq -r ".models[\"$1\"].weights" variants.yaml)"
[ "$WEIGHTS" != null ] || { echo "no weights for $1" >&2; exit 1; }
envsubst < cog.yaml.template > cog.yaml
echo "selected $1 with $WEIGHTS"
"#;

const VARIANTS: [&str; 11] = [
    "canny-dev",
    "canny-pro",
    "depth-dev",
    "depth-pro",
    "dev",
    "dev-lora",
    "fill-dev",
    "fill-pro",
    "redux-dev",
    "schnell",
    "schnell-lora",
];

/// Eleven models that share a folder.
fn variants() -> Repository {
    let (example, repository) = (Repository::example("text-stats"), Repository::new());
    repository.write("predict.py", &example.read("predict.py"));
    repository.write("cog.yaml.template", &format!("{}environment: [\"WEIGHTS=${{WEIGHTS}}\"]\n", example.read("cog.yaml")));
    let mut table = "models:\n".to_owned();
    for name in VARIANTS {
        table.push_str(&format!("  {name}: {{ weights: \"{name}.safetensors\" }}\n"));
        let config = example.read("cog-safe-push-configs/text-stats.yaml").replace("acme/text-stats", &format!("acme/flux-{name}"));
        repository.write(&format!("cog-safe-push-configs/{name}.yaml"), &config);
    }
    repository.write("variants.yaml", &table);
    repository.write("script/select.sh", SELECT);
    repository
}

fn has_yq() -> bool {
    let found = std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("yq").is_file()));
    assert!(found || std::env::var_os("CI").is_none(), "CI has yq");
    found
}

fn run(server: &FakeGitHub, files: &Path, payload: Value) -> Finished {
    let workflow = workflow_of_page(GUIDE);
    let run = WorkflowRun {
        workflow: &workflow,
        files,
        server,
        event: "pull_request",
        payload,
        secrets: &[],
        // No daemon: what needs one says so.
        machine: &[("DOCKER_HOST", "unix:///nonexistent/docker.sock")],
    };
    tokio::task::block_in_place(|| run.run())
}

#[tokio::test(flavor = "multi_thread")]
async fn eleven_variants_from_a_template_are_prepared_on_the_runner_and_checked() {
    if !has_yq() {
        return;
    }
    let server = FakeGitHub::start("127.0.0.1:0").await;
    server.has_files(&["predict.py"]);
    let repository = variants();
    let finished = run(&server, repository.path(), pull_request("acme/hotdog"));
    let mut expected = vec![("select", "success")];
    expected.extend(VARIANTS.map(|name| (name, "success")));
    expected.push(("safe-push", "success"));
    assert_eq!(finished.results(), expected, "{finished:#?}");
    for name in VARIANTS {
        let job = finished.job(name);
        let selected = format!("selected {name} with {name}.safetensors\n");
        assert_eq!(job.step("Select the model").stdout, selected);
        assert_eq!(job.runs_on, "ubuntu-latest");
        let (artifact, files) = &job.artifacts[0];
        assert!(artifact.starts_with("safe-push-") && files.contains(&"run.json".to_owned()), "{artifact}: {files:?}");
    }
    assert_eq!(finished.outputs["verdict"], "passed");
    let notes: Value = serde_json::from_str(&finished.outputs["notes"]).unwrap();
    assert_eq!(notes["dev"], "### acme/flux-dev\n\n- Not compared with a live version\n");
    assert_eq!(notes.as_object().unwrap().len(), VARIANTS.len());
    assert_eq!(serde_json::from_str::<Value>(&finished.outputs["matrix"]).unwrap(), json!({ "model": VARIANTS }));
    let comments = server.comments();
    assert_eq!(comments.len(), 1);
    assert!(comments[0]["body"].as_str().unwrap().contains("✅ 11 models passed"), "{comments:?}");
    assert_eq!(server.check_runs().len(), 11);
    assert!(server.check_runs().iter().all(|run| run["conclusion"] == "success"));
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_that_cannot_be_prepared_fails_alone_and_only_what_changed_runs() {
    if !has_yq() {
        return;
    }
    let server = FakeGitHub::start("127.0.0.1:0").await;
    let repository = variants();
    repository.write(".safe-push.yaml", &{
        let paths = VARIANTS.map(|name| format!("  {name}: {{ paths: [\"weights/{name}/**\"] }}\n"));
        format!("models:\n{}", paths.concat())
    });
    repository.edit("variants.yaml", "fill-pro: { weights", "fill-pro: { files");
    server.has_files(&["weights/dev/x", "weights/fill-pro/x"]);
    let finished = run(&server, repository.path(), pull_request("acme/hotdog"));
    assert_eq!(
        finished.results(),
        [("select", "success"), ("dev", "success"), ("fill-pro", "failure"), ("safe-push", "failure")],
        "{finished:#?}"
    );
    assert!(finished.job("fill-pro").step("Select the model").stderr.contains("no weights for fill-pro"));
    let body = server.comments()[0]["body"].as_str().unwrap().to_owned();
    assert!(body.contains("1 of 2 models passed") && body.contains("fill-pro"), "{body}");
    assert_eq!(server.violations(), Vec::<String>::new());
}
