//! Finds before a build what would stop a push.

use crate::clients::ErrorKind;
use crate::clients::replicate::ReplicateFailure;
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::plan::DeploymentPlan;
use crate::publish::rules::RULES;
use crate::publish::testing::{FakeReplicate, World, account, live_model, test_model, version_id};
use crate::publish::{PublishError, Readiness, ReadyRequest, check_ready};

fn deployment(owner: &str) -> DeploymentPlan {
    DeploymentPlan {
        owner: owner.to_owned(),
        name: "hotdog".to_owned(),
        hardware: "cpu".to_owned(),
        min_instances: None,
        max_instances: None,
    }
}

async fn check(
    world: &World,
    test_hardware: Option<&str>,
    live: Option<&ModelRef>,
    deployment: Option<&DeploymentPlan>,
) -> Result<Readiness, PublishError> {
    let request =
        ReadyRequest { account: &account("acme"), test_model: &test_model(), test_hardware, destination: None, live, deployment };
    check_ready(&request, &FakeReplicate(world.clone())).await
}

#[tokio::test]
async fn when_all_is_there_nothing_is_made() {
    let world = World::new();
    world.add_deployment("hotdog", &VersionRef { model: live_model(), id: version_id("live") }, "cpu");
    let ready = check(&world, None, Some(&live_model()), Some(&deployment("acme"))).await.unwrap();
    assert!(!ready.needs_hardware);
    let mut calls = world.calls();
    calls.sort_unstable();
    assert_eq!(calls, ["deployment acme/hotdog", "model acme/hotdog", "model acme/hotdog-test"]);
}

#[tokio::test]
async fn what_is_going_to_be_made_needs_hardware() {
    let world = World::new();
    assert!(check(&world, None, None, Some(&deployment("acme"))).await.unwrap().needs_hardware);
    world.remove_model(&test_model());
    assert!(check(&world, Some("cpu"), None, None).await.unwrap().needs_hardware);
}

#[tokio::test]
async fn what_would_stop_a_later_stage_is_told_now() {
    let world = World::new();
    let foreign = deployment("other");
    assert!(matches!(check(&world, None, None, Some(&foreign)).await, Err(PublishError::ForeignDeployment { .. })));
    world.remove_model(&test_model());
    assert!(matches!(check(&world, None, None, None).await, Err(PublishError::NoTestHardware { .. })));
    world.remove_model(&live_model());
    let outcome = check(&world, Some("cpu"), Some(&live_model()), None).await;
    assert!(matches!(outcome, Err(PublishError::NoLiveModel { .. })), "{outcome:?}");
}

#[tokio::test]
async fn trainings_need_a_destination_of_the_accounts_own() {
    let world = World::new();
    let check = async |destination: &str| {
        let destination: ModelRef = destination.parse().unwrap();
        let request = ReadyRequest {
            account: &account("acme"),
            test_model: &test_model(),
            test_hardware: None,
            destination: Some(&destination),
            live: None,
            deployment: None,
        };
        check_ready(&request, &FakeReplicate(world.clone())).await
    };
    assert!(check("acme/hotdog-test-dest").await.unwrap().needs_hardware, "it is going to be made");
    assert!(!check("acme/hotdog-test").await.unwrap().needs_hardware);
    let error = check("other/dest").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Request, "the destination other/dest of trainings does not belong to 'acme', the account of the API token",)
    );
    assert!(error.hint().unwrap().contains("set train.destination to acme/dest"), "{error:?}");
}

#[tokio::test]
async fn a_live_model_is_not_needed_when_nothing_is_published() {
    let world = World::new();
    world.remove_model(&live_model());
    assert!(check(&world, None, None, None).await.is_ok());
}

#[tokio::test]
async fn an_outage_is_not_a_missing_model() {
    let world = World::new();
    world.fail_replicate("model", ReplicateFailure::Server { status: 500, retry_after: None, detail: String::new() });
    assert_eq!(check(&world, None, None, None).await.unwrap_err().kind(), ErrorKind::Service);
}

#[test]
fn every_rule_speaks_and_has_a_code_of_its_own() {
    let codes: std::collections::BTreeSet<_> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), RULES.len());
    for rule in RULES {
        assert!(("SP701"..="SP749").contains(&rule.code), "{}", rule.code);
        assert!(rule.summary.ends_with('.') && rule.why.ends_with('.') && !rule.example.is_empty(), "{}", rule.code);
    }
}
