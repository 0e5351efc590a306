//! Who may publish, and over what: whole runs with a ready image, against a sandbox whose versions answer from scripts.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::process::Child;
use std::time::{Duration, Instant};

use replicate_sandbox::{Sandbox, SandboxOptions, Script, ScriptedReply, Visibility};
use safe_push::clients::docker::{BuildImages as _, ImageBuild, NameImages as _, RealDocker};
use serde_json::{Value, json};
use test_support::{Repository, Seen, runner, sandbox_options};
use tokio_util::sync::CancellationToken;

use crate::daemon::{BASE, daemon, tar, unique};

const CONFIG: &str = "cog-safe-push-configs/text-stats.yaml";
const LIVE: &str = "acme/text-stats";
const TEST: &str = "acme/text-stats-test";

/// What every version answers.
fn answer() -> Value {
    json!({"characters": 2, "words": 1, "sentences": 0, "most_common": ["hi"]})
}

/// A live version, a private test model, and an image that passes, if the daemon is there.
struct World {
    sandbox: Sandbox,
    docker: RealDocker,
    repository: Repository,
    schema: Value,
    image: String,
}

impl World {
    async fn new() -> Option<Self> {
        let docker = daemon().await?;
        let options = SandboxOptions { docker: false, ..sandbox_options() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let repository = Repository::example("text-stats").on(&sandbox);
        let cases = "predict:\n  test_cases:\n    - inputs: {text: hi}\n";
        repository.write(CONFIG, &format!("model: {LIVE}\n{cases}"));
        let schema: Value = serde_json::from_str(&repository.run("schema show").stdout).unwrap();
        sandbox.create_model(LIVE, Visibility::Public, "cpu").unwrap();
        sandbox.create_model(TEST, Visibility::Private, "cpu").unwrap();
        for model in [LIVE, TEST] {
            // Long enough for a second writer, on both sides.
            let script = Script::always(ScriptedReply::output(answer()).after(Duration::from_secs(2)));
            sandbox.script_pushed_versions(model, script).unwrap();
        }
        let image = build(&docker, &schema).await;
        let world = Self { sandbox, docker, repository, schema, image };
        world.rival();
        Some(world)
    }

    /// Publishes a version as somebody else.
    fn rival(&self) -> String {
        let script = Script::always(ScriptedReply::output(answer()));
        self.sandbox.push_scripted_version(LIVE, Some(self.schema.clone()), script).unwrap()
    }

    fn line(&self, flags: &str) -> String {
        format!("run --image {} {flags}", self.image)
    }

    fn run(&self, flags: &str) -> Seen {
        tokio::task::block_in_place(|| self.repository.run(&self.line(flags)))
    }

    /// Starts a run and waits until it tests its version.
    async fn start(&self, repository: &Repository, flags: &str) -> Child {
        let before = self.sandbox.predictions().len();
        let child = repository.start(&self.line(flags));
        let deadline = Instant::now() + Duration::from_secs(120);
        let tests = || self.sandbox.predictions().iter().skip(before).any(|prediction| prediction.model == TEST);
        while !tests() {
            assert!(Instant::now() < deadline, "no prediction was started");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        child
    }

    fn end(repository: &Repository, child: Child) -> Seen {
        repository.seen(&tokio::task::block_in_place(|| child.wait_with_output().unwrap()))
    }

    fn live(&self) -> Vec<String> {
        self.sandbox.versions(LIVE).into_iter().map(|version| version.id).collect()
    }

    async fn stop(self) {
        self.docker.remove_image(&self.image).await.unwrap();
        self.sandbox.stop().await;
    }
}

async fn build(docker: &RealDocker, schema: &Value) -> String {
    let tag = unique("writers");
    let labels = BTreeMap::from([
        ("run.cog.version".to_owned(), "0.22.0".to_owned()),
        ("run.cog.openapi_schema".to_owned(), schema.to_string()),
    ]);
    let dockerfile = format!("FROM {BASE}\nRUN echo {tag} > /which\n");
    let build = ImageBuild { dockerfile: "Dockerfile".to_owned(), tag: tag.clone(), labels, ..ImageBuild::default() };
    let context = tar(&[("Dockerfile", &dockerfile)]).await;
    docker.build(&build, Box::pin(Cursor::new(context)), &mut |_| {}, &CancellationToken::new()).await.unwrap();
    tag
}

fn codes(repository: &Repository) -> Vec<String> {
    let report = repository.report();
    let findings = report["models"][0]["findings"].as_array().unwrap().clone();
    findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_version_that_moves_during_verification_is_not_overwritten() {
    let Some(world) = World::new().await else { return };
    let child = world.start(&world.repository, "").await;
    let rival = world.rival();
    let seen = World::end(&world.repository, child);
    assert_eq!(seen.code, Some(1), "{seen}");
    assert_eq!((world.live().len(), &world.live()[0]), (2, &rival), "nothing was published over it: {seen}");
    assert!(world.repository.report()["models"][0].to_string().contains(&rival), "who was faster: {seen}");
    assert!(codes(&world.repository).contains(&"SP706".to_owned()), "{seen}");
    assert_eq!(world.repository.report()["models"][0]["versions"]["live"], Value::Null);

    // Somebody who knows says so.
    let child = world.start(&world.repository, "--allow-moved-live").await;
    let second = world.rival();
    let seen = World::end(&world.repository, child);
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!((world.live().len(), &world.live()[1]), (4, &second));
    assert!(codes(&world.repository).contains(&"SP706".to_owned()), "a warning: {seen}");

    // The next one compares with what is there now.
    let seen = world.run("");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(!codes(&world.repository).contains(&"SP706".to_owned()), "{seen}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_at_once_one_publishes_whichever_comes_first() {
    for first_is_faster in [true, false] {
        let Some(world) = World::new().await else { return };
        let other = Repository::example("text-stats").on(&world.sandbox);
        // More cases take longer: two seconds each, one after another.
        let cases: String = (0..12).map(|number| format!("    - inputs: {{text: hi {number}}}\n")).collect();
        let slow = format!("model: {LIVE}\nparallel: 1\npredict:\n  test_cases:\n{cases}");
        other.write(CONFIG, &world.repository.read(CONFIG));
        let (fast, late) = if first_is_faster { (&world.repository, &other) } else { (&other, &world.repository) };
        late.write(CONFIG, &slow);
        let one = world.start(&world.repository, "").await;
        let two = world.start(&other, "").await;
        let (one, two) = (World::end(&world.repository, one), World::end(&other, two));
        let codes = if first_is_faster { (one.code, two.code) } else { (two.code, one.code) };
        assert_eq!(codes, (Some(0), Some(1)), "{one}\n{two}");
        assert_eq!(world.live().len(), 2, "one of both is published");
        let published = fast.report()["models"][0]["versions"]["live"].as_str().unwrap().to_owned();
        assert_eq!(published, format!("{LIVE}:{}", world.live()[0]));
        let report = late.report()["models"][0].to_string();
        assert!(report.contains(&world.live()[0]), "who was faster: {report}");
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_calls_the_cli_obeys_the_event_as_the_action_does() {
    let Some(world) = World::new().await else { return };
    let repository = Repository::example("text-stats").on(&world.sandbox);
    repository.write(CONFIG, &world.repository.read(CONFIG));
    let payload = runner::pull_request("acme/hotdog");
    repository.write("runner/event.json", &payload.to_string());
    repository.write(".git/HEAD", &format!("{}\n", runner::CHECKED_OUT));
    let event_path = repository.path().join("runner/event.json").display().to_string();
    let repository = repository
        .variable("GITHUB_ACTIONS", "true")
        .variable("GITHUB_EVENT_NAME", "pull_request")
        .variable("GITHUB_SHA", runner::CHECKED_OUT)
        .variable("GITHUB_EVENT_PATH", &event_path);
    let line = world.line("");
    let seen = tokio::task::block_in_place(|| repository.run(&line));
    assert_eq!(seen.code, Some(0), "{seen}");
    tested_alone(&world, &repository, &seen, "Nothing is published: the event is pull_request.");

    // Nor does a flag make it bolder.
    let line = world.line("--trigger-type push");
    let seen = tokio::task::block_in_place(|| repository.run(&line));
    assert_eq!((seen.code, world.live().len()), (Some(0), 1), "{seen}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_type_on_the_command_line_publishes_nothing() {
    let Some(world) = World::new().await else { return };
    let seen = world.run("--trigger-type pull_request");
    assert_eq!(seen.code, Some(0), "{seen}");
    tested_alone(&world, &world.repository, &seen, "Nothing is published: trigger_type is pull_request.");
    world.stop().await;
}

/// The version was staged and tested, and the live model is as it was. The report and the log say why.
fn tested_alone(world: &World, repository: &Repository, seen: &Seen, why: &str) {
    assert_eq!((world.live().len(), world.sandbox.versions(TEST).len()), (1, 1), "{seen}");
    let report = repository.report();
    assert!(report["notices"].as_array().unwrap().contains(&why.into()), "{report}");
    assert!(seen.stderr.contains(why), "{seen}");
    let publish = report["models"][0]["stages"].as_array().unwrap().iter().find(|stage| stage["name"] == "publish").unwrap();
    assert_eq!(
        (publish["status"].as_str(), publish["note"].as_str()),
        (Some("skipped"), Some("the event allows tests only: nothing is published"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_to_an_official_model_that_is_not_configured_pushes_nothing() {
    let Some(world) = World::new().await else { return };
    let seen = world.run("--push-official-model");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!((world.live().len(), world.sandbox.versions(TEST).len()), (1, 0), "{seen}");
    assert_eq!(codes(&world.repository), ["SP019"]);
    assert!(seen.stdout.contains("no official_model is configured"), "{seen}");
    world.stop().await;
}
