//! Whole runs on a sandbox, with images that are really built and containers that really run.

use std::process::Command;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use replicate_sandbox::{Sandbox, Visibility};
use test_support::{Repository, Seen, ca_file, docker_is_there, sandbox_options};

const CONFIG: &str = "cog-safe-push-configs/text-stats.yaml";

/// A sandbox with a published version of `text-stats`, and the repository that it came from.
struct Published {
    sandbox: Sandbox,
    repository: Repository,
}

impl Published {
    async fn new() -> Self {
        let options = sandbox_options();
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.create_model("acme/text-stats", Visibility::Public, "cpu").unwrap();
        // What builds do; grafts have tests of their own.
        let repository = Repository::example("text-stats").on(&sandbox).variable("SAFE_PUSH_GRAFT", "never");
        let published = Self { sandbox, repository };
        let first = published.run("run").await;
        assert_eq!(first.code, Some(0), "{first}");
        published
    }

    /// Runs the program without holding up the sandbox, which lives in this process.
    async fn run(&self, line: &str) -> Seen {
        tokio::task::block_in_place(|| self.repository.run(line))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tested_is_what_is_published() {
    if !docker_is_there() {
        return;
    }
    let published = Published::new().await;
    let first = published.repository.report()["models"][0].clone();
    for (place, model) in [("test", "acme/text-stats-test:"), ("live", "acme/text-stats:")] {
        let version = first["versions"][place].as_str().unwrap();
        assert!(version.starts_with(model), "{version}");
    }
    assert_eq!(first["layers"]["equal"], true, "{first}");

    // The reports of the first run lie in the project now, and are no part of it. The README changes, and is no part of the image.
    published.repository.write("MODEL.md", "# Text stats\n\nCounts words.\n");
    published.repository.write(".dockerignore", "MODEL.md\n.dockerignore\n");
    let again = published.run("run --seed 7 --readme MODEL.md").await;
    assert_eq!(again.code, Some(0), "{again}");
    let unchanged = published.repository.report()["models"][0].clone();
    assert_eq!(unchanged["versions"]["unchanged"], first["versions"]["live"]);
    assert_eq!(
        (&unchanged["versions"]["live"], &unchanged["versions"]["test"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    assert!(again.stdout.contains("skipped  build, stage, verify, publish: nothing to publish: acme/text-stats:"), "{again}");
    assert!(again.stdout.contains("publish anyway with: --always"), "{again}");
    assert_eq!(unchanged["page"]["change"], "updated", "{unchanged}");
    let again = published.run("run --seed 7 --always").await;
    assert_eq!(again.code, Some(0), "{again}");
    let second = published.repository.report()["models"][0].clone();
    assert_eq!(second["layers"], first["layers"]);
    assert_ne!(second["versions"]["live"], first["versions"]["live"], "each publishing is a version of its own");

    let before = published.repository.read("predict.py");
    published.repository.edit("predict.py", "words=len(words)", "words=len(words) + 1");
    assert_snapshot!("changed_output", published.run("run --seed 7").await.result());

    published.repository.write("predict.py", &before);
    published.repository.edit(
        "predict.py",
        "        words = self.word",
        "        raise ValueError(\"no words today\")\n        words = self.word",
    );
    // One made input: of several that fail alike, the first to end is the one that is made smaller.
    assert_snapshot!("raises", published.run("run --seed 7 --fuzz-iterations 1").await.result());

    published.repository.write("predict.py", &before);
    published.repository.edit(
        "predict.py",
        "    def setup(self) -> None:\n",
        "    def setup(self) -> None:\n        raise RuntimeError(\"weights are missing\")\n",
    );
    assert_snapshot!("never_boots", published.run("run --seed 7").await.result());

    assert_eq!(published.sandbox.versions("acme/text-stats").len(), 2, "nothing that failed was published");
    published.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_during_a_prediction_leaves_nothing_running() {
    if !docker_is_there() {
        return;
    }
    let published = Published::new().await;
    published.repository.edit(
        "predict.py",
        "        words = self.word",
        "        import time\n        time.sleep(600)\n        words = self.word",
    );
    let child = published.repository.start("run");
    let sandbox = &published.sandbox;
    let deadline = Instant::now() + Duration::from_secs(180);
    while !sandbox.predictions().iter().any(|prediction| prediction.status == "processing") {
        assert!(Instant::now() < deadline, "no prediction was started");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let interrupted = Instant::now();
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let output = tokio::task::block_in_place(|| child.wait_with_output().unwrap());
    assert!(interrupted.elapsed() < Duration::from_secs(7), "{:?}", interrupted.elapsed());
    let seen = published.repository.seen(&output);
    assert_eq!(seen.code, Some(130), "{seen}");
    assert_eq!(published.repository.report()["verdict"], "cancelled");
    let running: Vec<_> =
        sandbox.predictions().into_iter().filter(|prediction| ["starting", "processing"].contains(&prediction.status)).collect();
    assert!(running.is_empty(), "{running:?}");
    published.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_on_its_own_sandbox_removes_its_containers() {
    if !docker_is_there() {
        return;
    }
    let repository = Repository::example("text-stats").variable("COG_CA_CERT", &ca_file());
    // A unique name distinguishes this test's containers from those of others.
    let name = format!("text-stats-{}", std::process::id());
    repository.edit(CONFIG, "acme/text-stats", &format!("acme/{name}"));
    repository.edit(
        "predict.py",
        "        words = self.word",
        "        import time\n        time.sleep(600)\n        words = self.word",
    );
    let child = repository.start("run --sandbox");
    let deadline = Instant::now() + Duration::from_secs(180);
    while containers(&name).is_empty() {
        assert!(Instant::now() < deadline, "no container was started");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let interrupted = Instant::now();
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let output = tokio::task::block_in_place(|| child.wait_with_output().unwrap());
    assert!(interrupted.elapsed() < Duration::from_secs(7), "{:?}", interrupted.elapsed());
    let seen = repository.seen(&output);
    assert_eq!(seen.code, Some(130), "{seen}");
    assert_eq!(containers(&name), "", "{seen}");
}

/// Containers of images with this word in their name, whatever their state.
fn containers(word: &str) -> String {
    let output = Command::new("docker").args(["ps", "--all", "--format", "{{.ID}} {{.Image}} {{.Status}}"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.contains(word)).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_build_step_that_fails_points_to_its_line() {
    if !docker_is_there() {
        return;
    }
    let repository = Repository::example("text-stats").variable("COG_CA_CERT", &ca_file());
    repository.edit("cog.yaml", "  sdk_version", "  run:\n    - echo nothing here && exit 7\n  sdk_version");
    assert_snapshot!(repository.run("run --sandbox"));
}

#[test]
fn a_build_for_the_sandbox_asks_no_registry() {
    if !docker_is_there() {
        return;
    }
    // Nothing listens there.
    let nowhere = "127.0.0.1:1";
    let repository = Repository::example("text-stats")
        .variable("COG_CA_CERT", &ca_file())
        .variable("COG_REGISTRY_HOST", nowhere)
        .variable("REPLICATE_REGISTRY", nowhere);
    repository.edit("cog.yaml", "  sdk_version", "  run:\n    - exit 7\n  sdk_version");
    let seen = repository.run("build --no-lint");
    assert!(seen.code == Some(1) && seen.stdout.contains("SP550"), "{seen}");
    let seen = repository.run("build --no-lint --sandbox");
    assert!(seen.code == Some(1) && !seen.stdout.contains("SP550") && !seen.stderr.contains(nowhere), "{seen}");
}
