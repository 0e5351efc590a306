//! A version that is already there.

use cog_findings::Location;
use serde_json::json;

use super::{Harness, error, options, stages};
use crate::clients::replicate::{ReplicateFailure, Visibility};
use crate::domain::case::{CaseLocation, TestCase};
use crate::domain::report::ModelReport;
use crate::domain::verdict::Verdict;
use crate::pipeline::{ExistingVersion, ModelRun, verify_existing};
use crate::publish::testing::{live_model, schema, test_model, version_id};

async fn verify(harness: &Harness, existing: &ExistingVersion) -> ModelReport {
    let run = ModelRun::new(harness.plan());
    let services = harness.services().verify;
    let report = verify_existing(run, existing, &services, &options(), &harness.recorder, &harness.cancelled).await;
    assert_eq!(report.models.len(), 1);
    report.models.into_iter().next().unwrap()
}

#[tokio::test(start_paused = true)]
async fn missing_versions_are_reported_with_the_fix() {
    let harness = Harness::new();
    let other = ExistingVersion { model: live_model(), id: Some(version_id("other")) };
    let cases = [
        (ExistingVersion { model: "acme/none".parse().unwrap(), id: None }, "the model acme/none does not exist"),
        (ExistingVersion { model: test_model(), id: None }, "acme/hotdog-test does not have any version"),
        (other, "acme/hotdog does not have the version"),
    ];
    for (existing, words) in cases {
        let report = verify(&harness, &existing).await;
        assert_eq!(report.verdict, Verdict::Misconfigured);
        assert!(error(&report).0.contains(words), "{}", error(&report).0);
        assert!(!error(&report).1.is_empty());
        assert_eq!(stages(&report)[0], "inspect errored");
        assert_eq!(stages(&report)[1], "build skipped");
    }
}

#[tokio::test(start_paused = true)]
async fn no_line_of_a_configuration_with_a_secret_is_shown() {
    let harness = Harness::new();
    std::fs::write(harness.folder.path().join("cog-safe-push.yaml"), "- {inputs: {key: 5551234987}}\n").unwrap();
    for (format, shows) in [("password", false), ("date", true)] {
        let mut schema = schema();
        schema["components"]["schemas"]["Input"]["properties"]["key"] = json!({"type": "string", "format": format});
        harness.world.add_version(&test_model(), format, Some(schema));
        let mut plan = harness.plan();
        plan.predict.cases = vec![TestCase {
            inputs: json!({"key": 5_551_234_987_u64}).as_object().unwrap().clone(),
            location: Some(CaseLocation::of(Location::at("cog-safe-push.yaml", 1, 1))),
            ..TestCase::default()
        }];
        let existing = ExistingVersion { model: test_model(), id: Some(version_id(format)) };
        let (run, services, options) = (ModelRun::new(plan), harness.services().verify, options());
        let mut report = verify_existing(run, &existing, &services, &options, &harness.recorder, &harness.cancelled).await;
        let report = report.models.remove(0);
        let finding = report.findings.iter().find(|finding| finding.code.as_str() == "SP602").unwrap();
        assert_eq!(finding.excerpt.is_some(), shows, "{finding:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_of_an_official_model_cannot_be_addressed() {
    let harness = Harness::new();
    harness.world.state().models.get_mut(&live_model()).unwrap().is_official = true;
    let report = verify(&harness, &ExistingVersion { model: live_model(), id: None }).await;
    assert!(error(&report).0.contains("official"));
}

#[tokio::test(start_paused = true)]
async fn a_version_without_a_schema_gives_no_inputs() {
    let harness = Harness::new();
    harness.world.add_version(&test_model(), "old", None);
    let report = verify(&harness, &ExistingVersion { model: test_model(), id: None }).await;
    assert!(error(&report).0.ends_with("has no schema, so there is nothing to make inputs from"));
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_is_reported_before_other_first_answers() {
    let harness = Harness::new();
    harness
        .world
        .fail_replicate("account", ReplicateFailure::Unauthorized { detail: "no".to_owned(), looks_like_cli_token: false });
    let report = verify(&harness, &ExistingVersion { model: "acme/none".parse().unwrap(), id: None }).await;
    assert!(error(&report).0.contains("token"), "{}", error(&report).0);
}

#[tokio::test(start_paused = true)]
async fn without_an_id_the_version_pushed_last_is_taken() {
    let harness = Harness::new();
    harness.world.add_model(&test_model(), Visibility::Private);
    let version = harness.world.add_version(&test_model(), "staged", Some(schema()));
    let report = verify(&harness, &ExistingVersion { model: test_model(), id: None }).await;
    assert_eq!(report.staged, Some(version));
    assert_eq!(report.previous.unwrap().id, version_id("live"));
}

#[tokio::test(start_paused = true)]
async fn the_live_version_is_not_compared_with_itself() {
    let harness = Harness::new();
    let report = verify(&harness, &ExistingVersion { model: live_model(), id: Some(version_id("live")) }).await;
    assert_eq!(report.staged.unwrap().id, version_id("live"));
    assert_eq!(report.previous, None);
}
