//! Rollbacks through the CLI, against the sandbox. Versions are put into its registry and answer from a script, so no Docker is needed.

use std::time::{Duration, Instant};

use replicate_sandbox::{Fault, FaultEffect, Sandbox, SandboxOptions, Script, ScriptedReply, Visibility};
use reqwest::{Method, StatusCode};
use safe_push::clients::docker::RegistryCredentials;
use safe_push::clients::registry::{RealRegistry, Registry as _, RegistryOptions, RegistryWriter as _};
use serde_json::{Value, json};
use test_support::{Repository, Seen, runner};

use crate::registry_image::put_image;

const GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

const CONFIG: &str = "model: acme/hotdog
test_hardware: cpu
predict:
  compare_outputs: false
  test_cases:
    - inputs: {text: hello, volume: 3}
      exact_string: HELLO
    - inputs: {text: hello}
      exact_string: HELLO
";

/// A sandbox with two versions of `acme/hotdog`, and a repository that publishes it.
struct Kitchen {
    sandbox: Sandbox,
    registry: RealRegistry,
    repository: Repository,
}

/// A schema with these inputs, all optional.
fn schema(inputs: &[(&str, &str)]) -> Value {
    let input = |(order, (name, kind)): (usize, &(&str, &str))| {
        let default = if *kind == "integer" { json!(1) } else { json!("hello") };
        let member = json!({ "type": kind, "title": name, "description": "What it does", "default": default, "x-order": order });
        ((*name).to_owned(), member)
    };
    let properties: serde_json::Map<String, Value> = inputs.iter().enumerate().map(input).collect();
    json!({"openapi": "3.0.2", "info": {"title": "Cog", "version": "0.1.0"}, "paths": {}, "components": {"schemas": {
        "Input": {"type": "object", "title": "Input", "properties": properties},
        "Output": {"type": "string", "title": "Output"},
    }}})
}

impl Kitchen {
    /// Versions with these schemas, oldest first.
    async fn new(schemas: &[Value]) -> Self {
        let options = SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.create_model("hotdog", Visibility::Public, "cpu").unwrap();
        sandbox.create_model("hotdog-test", Visibility::Private, "cpu").unwrap();
        for name in ["hotdog", "hotdog-test"] {
            // Loud, and never what the test cases of the newest source expect.
            let answer = ScriptedReply::output("HOTDOG");
            sandbox.script_pushed_versions(&format!("acme/{name}"), Script::always(answer)).unwrap();
        }
        let host = sandbox.registry_host().to_owned();
        let credentials =
            RegistryCredentials { host: host.clone(), username: "acme".to_owned(), password: sandbox.cli_token().clone() };
        let registry = RealRegistry::new(RegistryOptions::new(host, Some(credentials))).unwrap();
        let repository = Repository::new().on(&sandbox).variable("DOCKER_HOST", "unix:///nowhere/docker.sock");
        repository.write("cog-safe-push.yaml", CONFIG);
        let kitchen = Self { sandbox, registry, repository };
        for (number, schema) in (1_u8..).zip(schemas) {
            kitchen.put(number, schema).await;
        }
        kitchen
    }

    /// A version of the live model, as a push makes it. Returns its id.
    async fn put(&self, number: u8, schema: &Value) -> String {
        let to = "acme/hotdog";
        let labels = json!({
            "run.cog.version": "0.22.0", "run.cog.push_id": number.to_string(), "run.cog.openapi_schema": schema.to_string(),
        });
        let layers = [vec![0; 3000], vec![number; 2000]];
        let (manifest, _) = put_image(&self.registry, to, &labels, &layers, GZIP).await;
        manifest.digest.version_id().to_string()
    }

    /// The ids of the live model's versions, newest first.
    fn live(&self) -> Vec<String> {
        self.sandbox.versions("acme/hotdog").into_iter().map(|version| version.id).collect()
    }

    async fn layers(&self, id: &str) -> Vec<String> {
        let manifest = self.registry.manifest("acme/hotdog", &format!("sha256:{id}")).await.unwrap().unwrap();
        manifest.layers.iter().map(ToString::to_string).collect()
    }

    async fn run(&self, line: &str) -> Seen {
        // Without blocking the sandbox, which lives in this process.
        tokio::task::block_in_place(|| self.repository.run(line))
    }

    fn stages(&self) -> Vec<String> {
        let report = self.repository.report();
        let stages = report["models"][0]["stages"].as_array().unwrap().clone();
        stages.iter().map(|stage| format!("{} {}", stage["name"].as_str().unwrap(), stage["status"].as_str().unwrap())).collect()
    }

    fn predictions(&self) -> usize {
        self.sandbox.predictions().len()
    }
}

fn same() -> Vec<Value> {
    vec![schema(&[("text", "string")]), schema(&[("text", "string")])]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_before_becomes_the_newest_again_after_one_prediction() {
    let kitchen = Kitchen::new(&same()).await;
    let [bad, good] = kitchen.live().try_into().unwrap();
    let seen = kitchen.run("rollback acme/hotdog").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let live = kitchen.live();
    assert_eq!((live.len(), &live[1], &live[2]), (3, &bad, &good), "a version of its own, on top");
    assert_eq!(kitchen.layers(&live[0]).await, kitchen.layers(&good).await);
    assert_ne!(kitchen.layers(&live[0]).await, kitchen.layers(&bad).await);
    let latest = kitchen.registry.stored("acme/hotdog", "latest").await.unwrap().unwrap();
    assert_eq!(latest.digest.version_id().to_string(), live[0]);
    assert_eq!(
        kitchen.stages(),
        ["inspect passed", "build skipped", "stage passed", "verify passed", "publish passed", "deploy skipped"]
    );
    // The first test case has an input that the older version does not have, and the second expects another output.
    let predictions = kitchen.sandbox.predictions();
    assert_eq!(predictions.len(), 1);
    let report = kitchen.repository.report();
    let model = &report["models"][0];
    assert_eq!((&model["cases"][0]["inputs"], &model["layers"]["equal"]), (&json!({"text": "hello"}), &json!(true)), "{model}");
    assert_eq!(model["versions"]["previous"], format!("acme/hotdog:{bad}"));
    assert_eq!(model["transfer"]["sent_bytes"], 0);
    // The report says how to take it back in turn.
    assert!(seen.stdout.contains("\n  roll back with: safe-push rollback acme/hotdog --to "), "{seen}");
    let command = format!("\nRoll back with `safe-push rollback acme/hotdog --to {bad}`.\n");
    assert!(kitchen.repository.read("safe-push-report/report.md").ends_with(&command));

    let seen = kitchen.run("rollback acme/hotdog --now").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(kitchen.layers(&kitchen.live()[0]).await, kitchen.layers(&bad).await, "a second rollback takes the first one back");
    kitchen.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn now_publishes_without_a_prediction_in_half_a_second() {
    let kitchen = Kitchen::new(&same()).await;
    let good = kitchen.live()[1].clone();
    let (sent, started) = (kitchen.sandbox.uploaded_bytes(), Instant::now());
    let seen = kitchen.run(&format!("rollback acme/hotdog --to {} --now", &good[..8])).await;
    let took = started.elapsed();
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(kitchen.layers(&kitchen.live()[0]).await, kitchen.layers(&good).await);
    assert_eq!(
        kitchen.stages(),
        ["inspect passed", "build skipped", "stage skipped", "verify skipped", "publish passed", "deploy skipped"]
    );
    assert_eq!((kitchen.predictions(), kitchen.sandbox.versions("acme/hotdog-test").len()), (0, 0));
    assert!(kitchen.sandbox.uploaded_bytes() - sent < 2000, "the configuration alone is sent");
    // With the start of a debug build, on a machine with other work.
    assert!(took < Duration::from_secs(5), "{took:?}");
    kitchen.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_callers_may_use_by_now_stops_it_unless_that_is_accepted() {
    let kitchen = Kitchen::new(&[schema(&[("text", "string")]), schema(&[("text", "string"), ("volume", "integer")])]).await;
    for line in ["rollback acme/hotdog", "rollback acme/hotdog --now"] {
        let seen = kitchen.run(line).await;
        assert_eq!(seen.code, Some(1), "{line}: {seen}");
        assert!(seen.to_string().contains("volume") && seen.stderr.contains("--ignore-schema-compatibility"), "{seen}");
        assert_eq!((kitchen.live().len(), kitchen.predictions()), (2, 0), "{line}");
    }
    let seen = kitchen.run("rollback acme/hotdog --ignore-schema-compatibility").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    assert_eq!(kitchen.live().len(), 3);
    kitchen.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_that_does_not_answer_any_more_is_not_published() {
    let kitchen = Kitchen::new(&same()).await;
    let broken = Script::always(ScriptedReply::setup_failure("the weights are gone"));
    kitchen.sandbox.script_pushed_versions("acme/hotdog-test", broken).unwrap();
    let seen = kitchen.run("rollback acme/hotdog").await;
    assert_eq!(seen.code, Some(1), "{seen}");
    assert_eq!(kitchen.live().len(), 2);
    assert_eq!(kitchen.stages()[2..], ["stage passed", "verify failed", "publish skipped", "deploy skipped"]);
    kitchen.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_cannot_be_meant_are_refused_with_the_reason() {
    let kitchen = Kitchen::new(&same()).await;
    let [newest, older] = kitchen.live().try_into().unwrap();
    for (to, problem) in [
        (newest.clone(), "is the newest version already"),
        ("f".repeat(64), "does not have the version"),
        (older[..5].to_owned(), "is not a version id"),
        ("newest".to_owned(), "is not a version id"),
        (format!("acme/other:{older}"), "is not a version of acme/hotdog"),
    ] {
        let seen = kitchen.run(&format!("rollback acme/hotdog --to {to} --now")).await;
        assert!(seen.code == Some(2) && seen.to_string().contains(problem), "{to}: {seen}");
    }
    assert_eq!(kitchen.live().len(), 2);
    let seen = kitchen.run(&format!("rollback acme/hotdog --to acme/hotdog:{older} --now")).await;
    assert_eq!(seen.code, Some(0), "{seen}");
    kitchen.sandbox.stop().await;

    let kitchen = Kitchen::new(&same()[..1]).await;
    let seen = kitchen.run("rollback acme/hotdog").await;
    assert!(seen.code == Some(2) && seen.to_string().contains("has 1 version, so there is nothing to go back to"), "{seen}");
    kitchen.sandbox.set_official("acme/hotdog", true).unwrap();
    let seen = kitchen.run("rollback acme/hotdog").await;
    assert!(seen.code == Some(2) && seen.to_string().contains("is an official model"), "{seen}");
    kitchen.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_publish_may_not_roll_back() {
    let kitchen = Kitchen::new(&same()).await;
    let mut kitchen = kitchen;
    let seen = kitchen.run("rollback acme/hotdog --trigger-type pull_request").await;
    assert!(seen.code == Some(2) && seen.stderr.contains("nothing is rolled back: trigger_type is pull_request"), "{seen}");
    let seen = kitchen.run("rollback acme/hotdog --no-push").await;
    assert!(seen.code == Some(2) && seen.stderr.contains("publish nothing"), "{seen}");
    kitchen.repository.write(".git/HEAD", &format!("{}\n", runner::CHECKED_OUT));
    kitchen.repository.write("runner/event.json", &runner::pull_request("acme/hotdog").to_string());
    let event = kitchen.repository.path().join("runner/event.json").display().to_string();
    kitchen.repository = kitchen
        .repository
        .variable("GITHUB_ACTIONS", "true")
        .variable("GITHUB_SHA", runner::CHECKED_OUT)
        .variable("GITHUB_EVENT_PATH", &event);
    for event in ["pull_request", "merge_group", "schedule", "issue_comment", "pull_request_target", "workflow_run"] {
        kitchen.repository = kitchen.repository.variable("GITHUB_EVENT_NAME", event);
        let seen = kitchen.run("rollback acme/hotdog --now").await;
        assert_eq!(seen.code, Some(2), "{event}: {seen}");
    }
    assert_eq!((kitchen.live().len(), kitchen.sandbox.versions("acme/hotdog-test").len()), (2, 0));
    kitchen.repository = kitchen.repository.variable("GITHUB_EVENT_NAME", "workflow_dispatch");
    let seen = kitchen.run("rollback acme/hotdog --now").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    kitchen.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_appears_meanwhile_may_be_the_repair_and_is_not_replaced() {
    let kitchen = Kitchen::new(&same()).await;
    let slow = Fault::next(1, FaultEffect::Delay(Duration::from_secs(2)));
    kitchen.sandbox.inject(slow.on(Method::PUT, "/v2/acme/hotdog-test/manifests/"));
    let running = kitchen.repository.start("rollback acme/hotdog");
    let is_staging = || kitchen.sandbox.requests().iter().any(|r| r.path.starts_with("/v2/acme/hotdog-test/blobs/uploads/"));
    while !is_staging() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let repair = kitchen.put(9, &schema(&[("text", "string")])).await;
    let seen = kitchen.repository.seen(&tokio::task::block_in_place(|| running.wait_with_output()).unwrap());
    assert!(seen.code == Some(1) && seen.to_string().contains("got another version"), "{seen}");
    assert_eq!((kitchen.live().len(), &kitchen.live()[0]), (3, &repair));
    kitchen.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_does_not_take_the_manifest_publishes_nothing_and_a_rerun_succeeds() {
    let kitchen = Kitchen::new(&same()).await;
    let refusal = Fault::next(1, FaultEffect::Status(StatusCode::BAD_REQUEST));
    kitchen.sandbox.inject(refusal.on(Method::PUT, "/v2/acme/hotdog/manifests/"));
    let seen = kitchen.run("rollback acme/hotdog --now").await;
    assert!(seen.code == Some(3) && seen.to_string().contains("the registry could not publish acme/hotdog:"), "{seen}");
    assert_eq!(kitchen.live().len(), 2);
    kitchen.sandbox.clear_faults();
    let seen = kitchen.run("rollback acme/hotdog --now").await;
    assert_eq!((seen.code, kitchen.live().len()), (Some(0), 3), "{seen}");
    kitchen.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployment_follows() {
    let kitchen = Kitchen::new(&same()).await;
    let deployment = "deployment:\n  name: hotdog\n  hardware: cpu\n";
    kitchen.repository.write("cog-safe-push.yaml", &format!("{CONFIG}{deployment}"));
    let seen = kitchen.run("rollback acme/hotdog --now").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let report = kitchen.repository.report();
    assert_eq!(report["models"][0]["deployment"]["change"], "created", "{report}");
    let seen = kitchen.run("rollback acme/hotdog --now").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let report = kitchen.repository.report();
    assert_eq!(report["models"][0]["deployment"]["change"], "updated", "{report}");
    kitchen.sandbox.stop().await;
}
