//! The reusable workflow as the guide calls it, for repositories whose models are built, tested and published: on an emulated runner, with
//! a Replicate on this machine.

use std::path::Path;

use replicate_sandbox::{Sandbox, Visibility};
use safe_push::support::ExposeSecret as _;
use serde_json::{Value, json};
use test_support::fake_github::FakeGitHub;
use test_support::runner::{CHECKED_OUT, pull_request};
use test_support::workflow::{Finished, WorkflowRun, workflow_of_page};
use test_support::{Repository, ca_file, docker_is_there, sandbox_options};

/// What the proxy's tests need, and the official model must not have.
const KEY: &str = "fal-0123456789-abcdef";

async fn replicate(models: &[(&str, Visibility)]) -> Sandbox {
    let sandbox = Sandbox::start(sandbox_options()).await.unwrap();
    for (model, visibility) in models {
        sandbox.create_model(model, *visibility, "cpu").unwrap();
    }
    sandbox
}

/// A push to the default branch.
fn push(page: &str, files: &Path, server: &FakeGitHub, sandbox: &Sandbox, more: &[(&str, &str)]) -> Finished {
    let payload = json!({ "after": CHECKED_OUT, "repository": { "default_branch": "main", "full_name": "acme/hotdog" } });
    run_page(page, files, server, sandbox, more, ("push", "refs/heads/main", payload))
}

fn run_page(
    page: &str,
    files: &Path,
    server: &FakeGitHub,
    sandbox: &Sandbox,
    more: &[(&str, &str)],
    (event, reference, payload): (&str, &str, Value),
) -> Finished {
    let workflow = workflow_of_page(page);
    let (state, certificates) = (tempfile::tempdir().unwrap(), ca_file());
    let mut secrets =
        vec![("REPLICATE_API_TOKEN", sandbox.api_token().expose_secret()), ("COG_TOKEN", sandbox.cli_token().expose_secret())];
    secrets.extend(more);
    let machine = [
        ("REPLICATE_BASE_URL", sandbox.base_url()),
        ("REPLICATE_REGISTRY", sandbox.registry_host()),
        ("COG_CA_CERT", &certificates),
        ("XDG_STATE_HOME", state.path().to_str().unwrap()),
        ("GITHUB_REF", reference),
    ];
    let run = WorkflowRun { workflow: &workflow, files, server, event, payload, secrets: &secrets, machine: &machine };
    tokio::task::block_in_place(|| run.run())
}

fn config(model: &str, more: &str, output: &str) -> String {
    format!(
        "model: acme/{model}\n{more}test_model: acme/{model}-test\ntest_hardware: cpu\npredict:\n  compare_outputs: false\n  test_cases:\n    \
         - inputs: {{text: hello}}\n      exact_string: {output}\n"
    )
}

fn predictor(body: &str) -> String {
    format!(
        "import json\nfrom pathlib import Path\n\nfrom cog import BasePredictor, Input\n\n\nclass Predictor(BasePredictor):\n    def predict(self, \
         text: str = Input(description=\"What to say\")) -> str:\n        {body}\n"
    )
}

const COG_YAML: &str = "build:\n  python_version: \"3.11\"\npredict: predict.py:Predictor\n";

/// What the setup step finds in submodules ends in the image, and so do files of Git LFS.
#[tokio::test(flavor = "multi_thread")]
async fn submodules_and_what_the_setup_step_leaves_are_built_and_published() {
    if !docker_is_there() {
        return;
    }
    let (sandbox, server) = (replicate(&[("acme/comfy", Visibility::Private)]).await, FakeGitHub::start("127.0.0.1:0").await);
    let repository = Repository::new();
    repository.write("cog.yaml", COG_YAML);
    let body = "nodes = json.loads(Path(\"nodes.json\").read_text())\n        return f\"{text} {nodes} {Path('workflow.txt').read_text().strip()}\"";
    repository.write("predict.py", &predictor(body));
    repository.write("cog-safe-push.yaml", &config("comfy", "", "\"hello ['upscale'] large\""));
    repository.write(
        ".gitmodules",
        "[submodule \"custom_nodes/upscale\"]\n\tpath = custom_nodes/upscale\n\turl = https://example.com/x\n",
    );
    repository.write("custom_nodes/upscale/node.py", "NAME = 'upscale'\n");
    repository.write(".gitattributes", "workflow.txt filter=lfs diff=lfs merge=lfs -text\n");
    repository.write("workflow.txt", "large\n");
    let install = "#!/usr/bin/env python3\nimport json\nimport os\nfrom pathlib import Path\n\nassert os.environ[\"MODEL\"] == \"comfy\"\nassert not any(\"TOKEN\" in name \
                   for name in os.environ if name.startswith((\"COG\", \"REPL\")))\nnodes = sorted(path.parent.name for path in \
                   Path(\"custom_nodes\").glob(\"*/node.py\"))\nPath(\"nodes.json\").write_text(json.dumps(nodes))\nprint(\"installed\", nodes)\n";
    repository.write("scripts/install_custom_nodes.py", install);
    executable(&repository, "scripts/install_custom_nodes.py");
    let finished = push("docs/guides/submodules-and-setup.md", repository.path(), &server, &sandbox, &[]);
    assert_eq!(finished.results(), [("select", "success"), ("comfy", "success"), ("safe-push", "success")], "{finished:#?}");
    let job = finished.job("comfy");
    assert_eq!(job.step("Set up").stdout, "installed ['upscale']\n");
    assert_eq!(job.runs_on, "ubuntu-latest-4-cores");
    let published = sandbox.versions("acme/comfy");
    assert_eq!(published.len(), 1);
    let versions: Value = serde_json::from_str(&finished.outputs["versions"]).unwrap();
    assert_eq!(versions, json!({ "comfy": format!("acme/comfy:{}", published[0].id) }));
    let deployments = server.deployments();
    assert_eq!(deployments[0]["environment"], "replicate/acme/comfy");
    assert_eq!(server.violations(), Vec::<String>::new());
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_an_official_model_is_pushed_in_two_passes() {
    if !docker_is_there() {
        return;
    }
    let models = [("acme/proxy", Visibility::Private), ("acme/official-proxy", Visibility::Public)];
    let (sandbox, server) = (replicate(&models).await, FakeGitHub::start("127.0.0.1:0").await);
    sandbox.set_official("acme/official-proxy", true).unwrap();
    let repository = Repository::new();
    repository.write("cog.yaml", COG_YAML);
    let body = "key = Path(\"/src/api_key.txt\")\n        return f\"{text}, with a key of {len(key.read_text().strip()) if key.exists() else 0}\"";
    repository.write("predict.py", &predictor(body));
    let official = "official_model: acme/official-proxy\n";
    repository.write("cog-safe-push.yaml", &config("proxy", official, "hello, with a key of 21"));
    repository.write("script/write-api-key", "#!/bin/sh\nset -eu\n[ -z \"${COG_TOKEN:-}\" ]\necho \"$FAL_KEY\" > api_key.txt\n");
    repository.write("script/delete-api-key", "#!/bin/sh\nrm api_key.txt\n");
    let finished = push(
        "docs/guides/official-proxy.md",
        repository.path(),
        &server,
        &sandbox,
        &[("FAL_KEY", KEY), ("OTHER", "unused-secret")],
    );
    assert_eq!(finished.results(), [("select", "success"), ("proxy", "success"), ("safe-push", "success")], "{finished:#?}");
    assert_eq!(finished.job("proxy").environment, "production");
    assert_eq!((sandbox.versions("acme/proxy").len(), sandbox.versions("acme/official-proxy").len()), (1, 1));
    let log = &finished.job("proxy").step("$/push").stdout;
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(KEY) && !line.starts_with("::add-mask::")).collect();
    assert_eq!(lines, Vec::<&str>::new(), "{log}");
    assert!(log.contains("of the official image are those that were tested"), "{log}");
    assert_eq!(server.violations(), Vec::<String>::new());
    sandbox.stop().await;
}

/// A model that draws: it has no library for images, so it writes the file itself.
const PAINTER: &str = r#"import struct
import zlib
from pathlib import Path as File

from cog import BasePredictor, Input, Path


class Predictor(BasePredictor):
    def predict(self, shade: int = Input(description="How bright the image is", default=40, ge=0, le=120)) -> Path:
        row = b"\0" + bytes([shade, SHADE, 90]) * 64
        chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        header = struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0)
        content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * 48)) + chunk(b"IEND", b"")
        File("out.png").write_bytes(b"\x89PNG\r\n\x1a\n" + content)
        return Path("out.png")
"#;

/// A pull request that changes what a model draws shows it, on the branch that the guide names.
#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_shows_what_a_model_draws() {
    const GUIDE: &str = "docs/guides/images-in-the-comment.md";
    if !docker_is_there() {
        return;
    }
    let (sandbox, server) = (replicate(&[("acme/painter", Visibility::Private)]).await, FakeGitHub::start("127.0.0.1:0").await);
    let repository = Repository::new();
    repository.write("cog.yaml", COG_YAML);
    repository.write("predict.py", &PAINTER.replace("SHADE", "10"));
    let config = "model: acme/painter\ntest_model: acme/painter-test\ntest_hardware: cpu\npredict:\n  test_cases:\n    - inputs: {shade: 50}\n  fuzz: {iterations: 0}\n";
    repository.write("cog-safe-push.yaml", config);
    let finished = push(GUIDE, repository.path(), &server, &sandbox, &[]);
    assert_eq!(finished.results(), [("select", "success"), ("painter", "success"), ("safe-push", "success")], "{finished:#?}");
    assert_eq!(server.branch_files("safe-push-images"), None, "a push has no comment");

    repository.write("predict.py", &PAINTER.replace("SHADE", "250"));
    server.has_files(&["predict.py"]);
    let event = ("pull_request", "refs/pull/7/merge", pull_request("acme/hotdog"));
    let finished = run_page(GUIDE, repository.path(), &server, &sandbox, &[], event);
    assert_eq!(finished.results(), [("select", "success"), ("painter", "failure"), ("safe-push", "failure")], "{finished:#?}");
    let files = server.branch_files("safe-push-images").unwrap();
    let (path, image) = files.iter().find(|(path, _)| path.ends_with(".png")).unwrap();
    let image = image::load_from_memory(image).unwrap().into_rgb8();
    assert_eq!(image.dimensions(), (3 * 64 + 2 * 8, 48), "live, new, difference");
    assert_eq!([image.get_pixel(5, 5).0, image.get_pixel(64 + 8 + 5, 5).0], [[50, 10, 90], [50, 250, 90]]);
    let comment = server.comments().last().unwrap()["body"].as_str().unwrap().to_owned();
    assert!(comment.contains(&format!("](https://github.com/acme/hotdog/blob/safe-push-images/{path}?raw=true)")), "{comment}");
    assert_eq!(server.violations(), Vec::<String>::new());
    sandbox.stop().await;
}

fn executable(repository: &Repository, path: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(repository.path().join(path), std::fs::Permissions::from_mode(0o755)).unwrap();
}
