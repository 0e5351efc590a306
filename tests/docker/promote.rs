//! Test once, publish later: a pull request is tested and merged, and the merge publishes what was tested, or does everything again.

use std::time::{Duration, Instant};

use replicate_sandbox::{Sandbox, SandboxOptions, Script, ScriptedReply, Visibility};
use serde_json::{Value, json};
use test_support::fake_github::{FakeGitHub, WRITER};
use test_support::runner::{self, CHECKED_OUT, HEAD, pull_request};
use test_support::{Repository, Seen, sandbox_options};

use crate::daemon::daemon;

const CONFIG: &str = "cog-safe-push-configs/text-stats.yaml";
const LIVE: &str = "acme/text-stats";
const TEST: &str = "acme/text-stats-test";
const NAME: &str = "safe-push / text-stats";

/// A repository on GitHub, and a sandbox in which its model is live.
struct World {
    sandbox: Sandbox,
    github: FakeGitHub,
    schema: Value,
    config: String,
}

fn answer() -> Value {
    json!({"characters": 2, "words": 1, "sentences": 0, "most_common": ["hi"]})
}

impl World {
    async fn new() -> Option<Self> {
        daemon().await?;
        let options = SandboxOptions { docker: false, ..sandbox_options() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let config = format!("model: {LIVE}\npredict:\n  test_cases:\n    - inputs: {{text: hi}}\n");
        let schema: Value = serde_json::from_str(&Repository::example("text-stats").run("schema show").stdout).unwrap();
        for (model, visibility) in [(LIVE, Visibility::Public), (TEST, Visibility::Private)] {
            sandbox.create_model(model, visibility, "cpu").unwrap();
            sandbox.script_pushed_versions(model, Script::always(ScriptedReply::output(answer()))).unwrap();
        }
        let world = Self { sandbox, github: FakeGitHub::start("127.0.0.1:0").await, schema, config };
        world.rival();
        Some(world)
    }

    /// Publishes a version as somebody else.
    fn rival(&self) -> String {
        let script = Script::always(ScriptedReply::output(answer()));
        self.sandbox.push_scripted_version(LIVE, Some(self.schema.clone()), script).unwrap()
    }

    /// The action on an event, in a fresh checkout.
    fn checkout(&self, event: &str, payload: &Value) -> Repository {
        let repository = Repository::example("text-stats").on(&self.sandbox);
        repository.write(CONFIG, &self.config);
        // What the runner of these tests keeps in the checkout.
        repository.write(".dockerignore", "runner\n");
        runner::step(repository, &self.github.url(), event, payload, WRITER).variable("GITHUB_REF_NAME", "main")
    }

    /// Tests the pull request.
    fn test(&self) -> Repository {
        let repository = self.checkout("pull_request", &pull_request("acme/hotdog"));
        let seen = tokio::task::block_in_place(|| repository.run(""));
        assert_eq!(seen.code, Some(0), "{seen}");
        repository
    }

    /// A checkout on a machine without a daemon, with the report of a run.
    fn by_hand(&self, tested: &Repository) -> Repository {
        let repository = Repository::example("text-stats").on(&self.sandbox).variable("DOCKER_HOST", "unix:///nowhere/docker.sock");
        repository.write(CONFIG, &self.config);
        repository.write(".dockerignore", "runner\n");
        repository.write("safe-push-report/run.json", &tested.read("safe-push-report/run.json"));
        repository
    }

    /// The checkout of the merge, which came from `head`.
    fn merge(&self, head: &str) -> Repository {
        self.github.merges(CHECKED_OUT, (head, HEAD));
        self.checkout("push", &json!({}))
    }

    fn live(&self) -> Vec<String> {
        self.sandbox.versions(LIVE).into_iter().map(|version| version.id).collect()
    }

    fn tests_made(&self) -> usize {
        self.sandbox.predictions().len()
    }
}

fn push(repository: &Repository) -> Seen {
    tokio::task::block_in_place(|| repository.run(""))
}

fn model(repository: &Repository) -> Value {
    repository.report()["models"][0].clone()
}

fn reason(repository: &Repository) -> String {
    let model = model(repository);
    let findings = model["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["code"] == "SP754");
    found.map(|finding| finding["message"].as_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_publishes_what_the_pull_request_tested() {
    let Some(world) = World::new().await else { return };
    let tested = world.test();
    let (predictions, live) = (world.tests_made(), world.live());
    assert!(predictions > 0);
    let started = Instant::now();
    let merged = world.merge("acme/hotdog");
    let seen = push(&merged);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!((world.tests_made(), world.live().len()), (predictions, live.len() + 1), "published without a prediction");
    let (before, after) = (model(&tested), model(&merged));
    assert_eq!(after["versions"]["test"], before["versions"]["test"], "the very version");
    assert_eq!(after["layers"]["equal"], true, "{after}");
    assert_eq!(after["transfer"]["sent_bytes"], 0);
    let stages: Vec<&str> = after["stages"].as_array().unwrap().iter().map(|stage| stage["status"].as_str().unwrap()).collect();
    assert_eq!(stages, ["passed", "skipped", "skipped", "skipped", "passed", "skipped"], "{after}");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert!(!after.to_string().contains("SP754"));
    assert_eq!(world.github.violations(), Vec::<String>::new());

    // By hand, in the checkout that was tested: the live version has moved by now.
    let version = before["versions"]["test"].as_str().unwrap();
    let by_hand = world.by_hand(&tested);
    let seen = tokio::task::block_in_place(|| by_hand.run(&format!("promote {version}")));
    assert!(
        seen.code == Some(1) && seen.stdout.contains("it is not published without another test: it was tested against"),
        "{seen}"
    );
    world.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_publishes_what_the_merge_queue_tested_in_the_same_variant() {
    let Some(world) = World::new().await else { return };
    let job = |event: &str, payload: &Value, python: &str| {
        let matrix = json!({ "model": "text-stats", "python": python });
        let repository = world.checkout(event, payload).variable("INPUT_MODELS", "text-stats");
        runner::in_matrix(repository, &matrix, 0, 2)
    };
    // The commit that the branch gets if the queue's checks pass.
    let group = json!({ "merge_group": { "head_sha": CHECKED_OUT, "base_sha": "b" } });
    let queued = job("merge_group", &group, "3.11");
    let seen = push(&queued);
    assert_eq!(seen.code, Some(0), "{seen}");
    let predictions = world.tests_made();
    assert!(predictions > 0 && world.live().len() == 1, "tested, and not published");

    let other = job("push", &json!({}), "3.12").variable("INPUT_PROMOTE", "require");
    let seen = push(&other);
    assert!(seen.code == Some(1) && seen.stdout.contains("no pull request that tested it was merged"), "{seen}");

    let pushed = job("push", &json!({}), "3.11").variable("INPUT_PROMOTE", "require");
    let seen = push(&pushed);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!((world.tests_made(), world.live().len()), (predictions, 2), "published without a prediction");
    assert_eq!(model(&pushed)["versions"]["test"], model(&queued)["versions"]["test"]);
    assert_eq!(world.github.violations(), Vec::<String>::new());
    world.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_by_hand_publishes_without_a_daemon() {
    let Some(world) = World::new().await else { return };
    let tested = world.test();
    let predictions = world.tests_made();
    let version = model(&tested)["versions"]["test"].as_str().unwrap().to_owned();
    let run = |repository: &Repository| tokio::task::block_in_place(|| repository.run(&format!("promote {version}")));
    let changed = world.by_hand(&tested);
    changed.write("stats/words.txt", "another source");
    let seen = run(&changed);
    assert!(seen.code == Some(1) && seen.stdout.contains("the source is not the one that was tested"), "{seen}");
    let restricted = world.by_hand(&tested).variable("SAFE_PUSH_TRIGGER_TYPE", "pull_request");
    let seen = run(&restricted);
    assert!(seen.code == Some(2) && seen.stderr.contains("nothing is promoted: "), "{seen}");
    assert_eq!(world.live().len(), 1);

    // Only the record is sealed: a file that names another version beside it is not believed.
    let forged = world.by_hand(&tested);
    let other = format!("{TEST}:{}", "9".repeat(64));
    forged.write("forged.json", &tested.read("safe-push-report/run.json").replace(&version, &other));
    let seen = tokio::task::block_in_place(|| forged.run(&format!("promote {other} --record forged.json")));
    assert!(seen.code == Some(2) && seen.stdout.contains("is not published: its record was left by a test of"), "{seen}");
    let report = forged.report().to_string();
    assert!(report.contains(&other) && report.contains(&version), "both versions are named: {report}");
    assert_eq!(world.live().len(), 1);

    let seen = run(&world.by_hand(&tested));
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!((world.live().len(), world.tests_made()), (2, predictions));
    world.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_done_again_when_something_changed_or_nothing_proves_it() {
    let Some(world) = World::new().await else { return };
    world.test();

    // Required, it publishes nothing else, and costs no build.
    let full = |merged: Repository, words: &str| {
        let (predictions, live) = (world.tests_made(), world.live().len());
        let required = merged.variable("INPUT_PROMOTE", "require");
        let seen = push(&required);
        assert!(seen.code == Some(1) && seen.stdout.contains(words), "{words}: {seen}");
        assert_eq!((world.tests_made(), world.live().len()), (predictions, live), "{words}");
    };
    let changed = world.merge("acme/hotdog");
    changed.write(CONFIG, &format!("{}    - inputs: {{text: hello}}\n", world.config));
    full(changed, "the configuration changed since it was tested");

    let changed = world.merge("acme/hotdog");
    changed.write("stats/words.txt", "another source");
    full(changed, "the source is not the one that was tested");

    full(world.merge("mallory/hotdog"), "pull request 7 is from a fork");

    let record = world.github.check_runs()[0]["output"]["text"].as_str().unwrap().to_owned();
    let set_text = |text: String| world.github.tampers(move |run| run["output"]["text"] = json!(text));
    let (payload, seal) = record.split_once("safe-push:tested ").unwrap().1.split_once(" -->").unwrap().0.rsplit_once('.').unwrap();
    set_text(record.replace(seal, &"0".repeat(64)));
    full(world.merge("acme/hotdog"), "its record was not written by a run with this CLI token");
    set_text(record.replace(payload, &payload[..payload.len() - 4]));
    full(world.merge("acme/hotdog"), "its record was not written by a run with this CLI token");
    set_text("nothing".to_owned());
    full(world.merge("acme/hotdog"), "has no record of a tested version");
    set_text(record);
    world.github.tampers(|run| run["app"] = json!({ "id": 1, "slug": "mallory" }));
    full(world.merge("acme/hotdog"), &format!("pull request 7 has no check run '{NAME}'"));
    world.github.tampers(|run| run["app"] = json!({ "id": 15368, "slug": "github-actions" }));
    world.github.tampers(|run| run["conclusion"] = json!("failure"));
    full(world.merge("acme/hotdog"), "did not pass");
    world.github.tampers(|run| run["conclusion"] = json!("success"));

    world.rival();
    full(world.merge("acme/hotdog"), "it was tested against");

    // Without that, everything is done again, with the reason.
    let predictions = world.tests_made();
    let merged = world.merge("acme/hotdog");
    let seen = push(&merged);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(reason(&merged).contains("it was tested against"), "{}", model(&merged));
    assert!(world.tests_made() > predictions, "tested again");
    assert_eq!(world.live().len(), 3);
    world.sandbox.stop().await;
}
