//! Finds before a build what would stop a push.

use crate::clients::ErrorKind;
use crate::clients::replicate::{ReplicateFailure, Visibility};
use crate::domain::cleared::Replaced;
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
    let request = ReadyRequest {
        account: &account("acme"),
        test_model: &test_model(),
        test_hardware,
        may_be_public: false,
        destination: None,
        live,
        deployment,
    };
    check_ready(&request, &FakeReplicate(world.clone())).await
}

#[tokio::test]
async fn when_all_is_there_nothing_is_made() {
    let world = World::new();
    world.add_deployment("hotdog", &VersionRef { model: live_model(), id: version_id("live") }, "cpu");
    let ready = check(&world, None, Some(&live_model()), Some(&deployment("acme"))).await.unwrap();
    assert_eq!(ready.deployed, Replaced::Version(version_id("live")));
    let mut calls = world.calls();
    calls.sort_unstable();
    assert_eq!(calls, ["deployment acme/hotdog", "model acme/hotdog", "model acme/hotdog-test"]);
}

#[tokio::test]
async fn what_is_going_to_be_made_replaces_nothing() {
    let world = World::new();
    assert_eq!(check(&world, None, None, Some(&deployment("acme"))).await.unwrap().deployed, Replaced::Nothing);
    world.remove_model(&test_model());
    assert!(check(&world, Some("cpu"), None, None).await.is_ok());
}

#[tokio::test]
async fn a_public_test_model_is_refused_unless_it_is_asked_for() {
    let world = World::new();
    world.add_model(&test_model(), Visibility::Public);
    let error = check(&world, None, None, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    insta::assert_snapshot!(error, @"the test model acme/hotdog-test is public, so everybody can see and run what is not tested yet");
    insta::assert_snapshot!(error.hint().unwrap(), @"make it private in its settings on replicate.com, name a private model as test_model, or allow it with --allow-public-test-model");
    let account = account("acme");
    let request = ReadyRequest {
        account: &account,
        test_model: &test_model(),
        test_hardware: None,
        may_be_public: true,
        destination: None,
        live: None,
        deployment: None,
    };
    assert!(check_ready(&request, &FakeReplicate(world.clone())).await.is_ok());
}

#[tokio::test]
async fn what_would_stop_a_later_stage_is_reported_now() {
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
            may_be_public: false,
            destination: Some(&destination),
            live: None,
            deployment: None,
        };
        check_ready(&request, &FakeReplicate(world.clone())).await
    };
    assert!(check("acme/hotdog-test-dest").await.is_ok(), "it is going to be made");
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
