//! The canary, with an image that is really built, a container that really runs, and alerts.

use std::fs;

use replicate_sandbox::{Sandbox, Script, ScriptedReply, Visibility};
use safe_push::support::ExposeSecret;
use serde_json::{Value, json};
use test_support::fake_pagerduty::{FakePagerDuty, KEY};
use test_support::{Repository, Seen, docker_is_there, root, sandbox_options};

struct Aviary {
    sandbox: Sandbox,
    duty: FakePagerDuty,
    repository: Repository,
}

impl Aviary {
    async fn new() -> Self {
        let options = sandbox_options();
        let sandbox = Sandbox::start(options).await.unwrap();
        let duty = FakePagerDuty::start().await;
        let repository =
            Repository::new().on(&sandbox).variable("PAGERDUTY_ROUTING_KEY", KEY).variable("PAGERDUTY_EVENTS_URL", &duty.url);
        Self { sandbox, duty, repository }
    }

    /// Runs the program without holding up the sandbox, which lives in this process.
    async fn run(&self, line: &str) -> Seen {
        tokio::task::block_in_place(|| self.repository.run(line))
    }
}

fn flight(seen: &Seen) -> Value {
    serde_json::from_str(&seen.stdout).unwrap_or_else(|error| panic!("{error}: {seen}"))
}

fn steps(flight: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    flight["steps"].as_array().unwrap().iter().map(|step| format!("{} {}", word(&step["name"]), word(&step["status"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_flies_comes_back_and_leaves_nothing_behind() {
    if !docker_is_there() {
        return;
    }
    let aviary = Aviary::new().await;
    let seen = aviary.run("canary --format json").await;
    assert_eq!(seen.code, Some(0), "{seen}");
    let flown = flight(&seen);
    let schema: Value = serde_json::from_str(&fs::read_to_string(root().join("schemas/canary.schema.json")).unwrap()).unwrap();
    assert!(jsonschema::is_valid(&schema, &flown), "{flown:#}");
    assert_eq!(
        (&flown["schema"], &flown["verdict"], &flown["model"]),
        (&json!("safe-push/canary/v1"), &json!("passed"), &json!("acme/safe-push-canary"),)
    );
    let passed = ["inspect passed", "build passed", "stage passed", "verify passed", "clean-up passed"];
    assert_eq!(steps(&flown), passed);
    assert!(flown["duration_ms"].as_u64().unwrap() > 0, "{flown}");
    let asked: Vec<_> = aviary.sandbox.predictions();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(aviary.sandbox.versions("acme/safe-push-canary").is_empty(), "the version is gone");
    assert_eq!((aviary.duty.open(), aviary.duty.refused()), (Vec::new(), Vec::new()));
    assert_eq!(aviary.duty.events()[0]["event_action"], "resolve");

    // Versions of the canary answer wrongly from now on.
    let wrong = Script::always(ScriptedReply::output("tweet of another bird"));
    aviary.sandbox.script_pushed_versions("acme/safe-push-canary", wrong).unwrap();
    let lost = aviary.run("canary --format json").await;
    assert_eq!(lost.code, Some(1), "{lost}");
    assert_eq!(steps(&flight(&lost))[3..], ["verify failed", "clean-up passed"]);
    assert_eq!(aviary.duty.open(), ["safe-push-canary"]);
    let event = aviary.duty.events().pop().unwrap();
    assert_eq!((&event["payload"]["severity"], &event["payload"]["source"]), (&json!("critical"), &json!("acme/safe-push-canary")));
    let summary = event["payload"]["summary"].as_str().unwrap();
    assert!(summary.starts_with("safe-push canary failed at verify: ") && summary.contains("tweet of another bird"), "{summary}");
    assert!(aviary.sandbox.versions("acme/safe-push-canary").is_empty(), "what failed is removed too");

    // The token is not accepted any more, which is reported under the same key; the service is busy once.
    let rotated = aviary.repository;
    let rotated = rotated.variable("REPLICATE_API_TOKEN", "r8_of_yesterday");
    aviary.duty.fail(429);
    let refused = tokio::task::block_in_place(|| rotated.run("canary"));
    assert_eq!(refused.code, Some(2), "{refused}");
    assert_eq!((aviary.duty.open(), aviary.duty.events().len()), (vec!["safe-push-canary".to_owned()], 3));

    let well = rotated.variable("REPLICATE_API_TOKEN", aviary.sandbox.api_token().expose_secret());
    aviary.sandbox.create_model("acme/another", Visibility::Private, "cpu").unwrap();
    let again = tokio::task::block_in_place(|| well.run("canary acme/another"));
    assert_eq!(again.code, Some(0), "{again}");
    let lines: Vec<&str> = again.stdout.lines().collect();
    assert!(lines[0].starts_with("canary ") && lines[0].ends_with(" on acme/another: passed"), "{again}");
    assert!(lines[5].trim_start().starts_with("clean-up passed"), "{again}");
    assert_eq!(aviary.duty.open(), ["safe-push-canary"], "another canary resolves its own alert alone");
    assert!(!again.stderr.contains(KEY) && !refused.stderr.contains(KEY));
    aviary.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_does_not_fly_into_models_that_people_use() {
    if !docker_is_there() {
        return;
    }
    let aviary = Aviary::new().await;
    aviary.sandbox.create_model("acme/public", Visibility::Public, "cpu").unwrap();
    aviary.sandbox.create_model("acme/used", Visibility::Private, "cpu").unwrap();
    let schema = json!({"components": {"schemas": {"Input": {"type": "object", "properties": {"prompt": {"type": "string"}}}}}});
    let answer = Script::always(ScriptedReply::output("hi"));
    aviary.sandbox.push_scripted_version("acme/used", Some(schema), answer).unwrap();
    for (model, why) in [("acme/public", "is public"), ("acme/used", "has a version that is not a canary")] {
        let seen = aviary.run(&format!("canary {model}")).await;
        assert_eq!(seen.code, Some(2), "{seen}");
        assert!(seen.stdout.contains(why), "{seen}");
    }
    assert_eq!(aviary.sandbox.versions("acme/public").len() + aviary.sandbox.versions("acme/used").len(), 1);
    assert_eq!(aviary.duty.open(), ["safe-push-canary/acme/public", "safe-push-canary/acme/used"]);
    aviary.sandbox.stop().await;
}

#[test]
fn an_invalid_key_is_reported_and_not_shown() {
    let repository = Repository::new().variable("PAGERDUTY_ROUTING_KEY", "hunter2hunter2");
    let seen = repository.run("canary");
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stderr.contains("routing key") && !seen.stderr.contains("hunter2"), "{seen}");
}
