//! A run that is killed with no chance to tidy up, and the run behind it.

use std::process::Command;
use std::time::{Duration, Instant};

use replicate_sandbox::{Sandbox, SandboxOptions, Visibility};
use test_support::{Repository, ca_file, docker_is_there};

const CONFIG: &str = "cog-safe-push-configs/text-stats.yaml";
const QUICK: &str = "        words = self.word";
const SLOW: &str = "        import time\n        time.sleep(600)\n        words = self.word";

/// Containers of images with this word in their name, whatever their state.
fn containers(word: &str) -> String {
    let output = Command::new("docker").args(["ps", "--all", "--format", "{{.ID}} {{.Image}} {{.Status}}"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.contains(word)).collect::<Vec<_>>().join("\n")
}

fn wait_until(what: &str, happened: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(240);
    while !happened() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn containers_of_a_killed_run_go_with_the_next_one() {
    if !docker_is_there() {
        return;
    }
    let repository = Repository::example("text-stats").variable("COG_CA_CERT", &ca_file());
    // A name of its own tells this test's containers from those of others.
    let name = format!("text-stats-killed-{}", std::process::id());
    repository.edit(CONFIG, "acme/text-stats", &format!("acme/{name}"));
    repository.edit("predict.py", QUICK, SLOW);
    let mut child = repository.start("run --sandbox");
    wait_until("no container was started", || !containers(&name).is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!containers(&name).is_empty(), "whoever is killed cannot tidy up");

    repository.edit("predict.py", SLOW, QUICK);
    let seen = repository.run("run --sandbox");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(containers(&name), "", "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_behind_a_killed_one_publishes_once() {
    if !docker_is_there() {
        return;
    }
    let sandbox = Sandbox::start(SandboxOptions { username: "acme".to_owned(), ..SandboxOptions::default() }).await.unwrap();
    sandbox.create_model("acme/text-stats", Visibility::Public, "cpu").unwrap();
    let repository = Repository::example("text-stats").on(&sandbox);
    repository.edit("predict.py", QUICK, SLOW);
    let mut child = repository.start("run");
    tokio::task::block_in_place(|| {
        wait_until("no prediction was started", || sandbox.predictions().iter().any(|job| job.status == "processing"));
        child.kill().unwrap();
        child.wait().unwrap();
    });
    assert_eq!((sandbox.versions("acme/text-stats").len(), sandbox.versions("acme/text-stats-test").len()), (0, 1));

    repository.edit("predict.py", SLOW, QUICK);
    let seen = tokio::task::block_in_place(|| repository.run("run"));
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(sandbox.versions("acme/text-stats").len(), 1, "published once");
    let report = repository.report();
    let live = report["models"][0]["versions"]["live"].as_str().unwrap();
    assert_eq!(live, format!("acme/text-stats:{}", sandbox.versions("acme/text-stats")[0].id));
    assert_eq!(report["models"][0]["layers"]["equal"], true);
    sandbox.stop().await;
}
