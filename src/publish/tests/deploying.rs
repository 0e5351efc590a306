//! The deployment.

use tokio_util::sync::CancellationToken;

use crate::clients::ErrorKind;
use crate::clients::replicate::ReplicateFailure;
use crate::domain::cleared::Replaced;
use crate::domain::identity::VersionRef;
use crate::domain::plan::DeploymentPlan;
use crate::domain::report::DeploymentChange;
use crate::publish::testing::{Hang, World, live_model, test_model, version_id};
use crate::publish::{DeployRequest, Deployed, PublishError, deploy};

fn plan(hardware: &str) -> DeploymentPlan {
    DeploymentPlan {
        owner: "acme".to_owned(),
        name: "hotdog".to_owned(),
        hardware: hardware.to_owned(),
        min_instances: None,
        max_instances: None,
    }
}

fn version(text: &str) -> VersionRef {
    VersionRef { model: live_model(), id: version_id(text) }
}

async fn deploy_in(world: &World, plan: &DeploymentPlan) -> Result<Deployed, PublishError> {
    let now = world.state().deployments.get(&format!("{}/{}", plan.owner, plan.name)).and_then(|found| found.version.clone());
    deploy_over(world, plan, &Replaced::of(now.map(|version| version.id).as_ref())).await
}

async fn deploy_over(world: &World, plan: &DeploymentPlan, replaces: &Replaced) -> Result<Deployed, PublishError> {
    let request = DeployRequest { plan, version: &version("new"), replaces };
    deploy(&request, &world.services(), &CancellationToken::new()).await
}

#[tokio::test]
async fn a_deployment_that_moved_is_left_alone() {
    let world = World::new();
    world.add_deployment("hotdog", &version("rival"), "cpu");
    for checked in [Replaced::Version(version_id("live")), Replaced::Nothing] {
        let error = deploy_over(&world, &plan("cpu"), &checked).await.unwrap_err();
        let PublishError::Moved(moved) = error else { panic!("{error:?}") };
        assert_eq!((moved.name.as_str(), moved.release, moved.now.clone()), ("acme/hotdog", Some(3), Some(version_id("rival"))));
        let finding = moved.finding(cog_findings::Severity::Error);
        assert!(finding.message.contains("was deployed to acme/hotdog"), "{}", finding.message);
    }
    assert_eq!(world.calls_of("update_deployment"), [""; 0]);
    let deployed = deploy_over(&world, &plan("cpu"), &Replaced::Version(version_id("rival"))).await.unwrap();
    assert_eq!(deployed.report.previous_version, Some(version("rival")));
}

#[tokio::test]
async fn a_deployment_that_somebody_else_moved_to_this_version_is_as_it_should_be() {
    let world = World::new();
    world.add_deployment("hotdog", &version("new"), "cpu");
    let deployed = deploy_over(&world, &plan("cpu"), &Replaced::Version(version_id("live"))).await.unwrap();
    assert_eq!(deployed.report.change, DeploymentChange::Unchanged);
}

#[tokio::test]
async fn a_deployment_that_lost_its_version_is_made_again() {
    let world = World::new();
    let deployed = deploy_over(&world, &plan("cpu"), &Replaced::Version(version_id("live"))).await.unwrap();
    assert_eq!(deployed.report.change, DeploymentChange::Created);
}

#[tokio::test]
async fn a_missing_deployment_is_created_with_the_numbers_of_cog_safe_push() {
    for (hardware, min, max, instances) in [
        ("cpu", None, None, "1..20"),
        ("cpu-small", None, None, "1..20"),
        ("gpu-l40s", None, None, "0..2"),
        ("gpu-l40s", Some(1), None, "1..2"),
        ("gpu-l40s", Some(4), None, "4..4"),
        ("gpu-l40s", None, Some(9), "0..9"),
        ("cpu", None, Some(0), "0..0"),
        ("cpu", Some(2), Some(3), "2..3"),
    ] {
        let world = World::new();
        let plan = DeploymentPlan { min_instances: min, max_instances: max, ..plan(hardware) };
        let deployed = deploy_in(&world, &plan).await.unwrap();
        assert_eq!(world.calls_of("create_deployment"), [format!("create_deployment acme/hotdog {instances}")]);
        assert_eq!(deployed.report.change, DeploymentChange::Created);
        assert_eq!((deployed.report.name.as_str(), deployed.report.release), ("acme/hotdog", Some(1)));
        assert_eq!(deployed.report.previous_version, None);
        assert_eq!(world.state().deployments["acme/hotdog"].version, Some(version("new")));
    }
}

#[tokio::test]
async fn a_deployment_gets_the_new_version_and_keeps_its_settings() {
    let world = World::new();
    world.add_deployment("hotdog", &version("live"), "gpu-l40s");
    let deployed = deploy_in(&world, &plan("gpu-l40s")).await.unwrap();
    assert_eq!(deployed.report.change, DeploymentChange::Updated);
    assert_eq!(deployed.report.release, Some(4));
    assert_eq!(deployed.report.previous_version, Some(version("live")));
    assert!(deployed.findings.is_empty());
    let now = world.state().deployments["acme/hotdog"].clone();
    assert_eq!((now.version, now.min_instances, now.max_instances), (Some(version("new")), Some(2), Some(7)));
}

#[tokio::test]
async fn a_deployment_that_runs_the_version_already_makes_no_release() {
    let world = World::new();
    world.add_deployment("hotdog", &version("new"), "gpu-l40s");
    let report = deploy_in(&world, &plan("gpu-l40s")).await.unwrap().report;
    assert_eq!((report.change, report.release), (DeploymentChange::Unchanged, Some(3)));
    assert_eq!(report.previous_version, Some(version("new")));
}

#[tokio::test]
async fn hardware_that_is_kept_is_worth_a_warning() {
    let world = World::new();
    world.add_deployment("hotdog", &version("live"), "gpu-l40s");
    let findings = deploy_in(&world, &plan("gpu-h100")).await.unwrap().findings;
    assert_eq!(findings[0].code.as_str(), "SP703");
    insta::assert_snapshot!(findings[0].message, @"the deployment acme/hotdog runs on gpu-l40s, the configuration names gpu-h100");
}

#[tokio::test]
async fn a_deployment_of_another_account_is_not_created_but_may_be_updated() {
    let world = World::new();
    let foreign = DeploymentPlan { owner: "other".to_owned(), ..plan("cpu") };
    let error = deploy_in(&world, &foreign).await.unwrap_err();
    insta::assert_snapshot!(error, @"the deployment other/hotdog does not exist, and the API token of 'acme' cannot create it");
    insta::assert_snapshot!(error.hint().unwrap(), @"a token can only create deployments of its own account: leave the owner out, or set it to acme");
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(world.calls_of("create_deployment"), [""; 0]);
    world.add_deployment("hotdog", &version("live"), "cpu");
    let deployment = world.state().deployments.remove("acme/hotdog").unwrap();
    world.state().deployments.insert("other/hotdog".to_owned(), deployment);
    assert_eq!(deploy_in(&world, &foreign).await.unwrap().report.change, DeploymentChange::Updated);
}

#[tokio::test]
async fn a_deployment_of_another_model_is_left_alone() {
    let world = World::new();
    world.add_deployment("hotdog", &VersionRef { model: test_model(), id: version_id("live") }, "cpu");
    let error = deploy_in(&world, &plan("cpu")).await.unwrap_err();
    insta::assert_snapshot!(error, @"the deployment acme/hotdog runs acme/hotdog-test, not acme/hotdog");
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(world.calls_of("update_deployment"), [""; 0]);
}

#[tokio::test]
async fn what_replicate_refuses_is_passed_on_with_its_meaning() {
    let world = World::new();
    let refused = ReplicateFailure::InvalidInput { fields: Vec::new(), detail: "hardware: no".to_owned() };
    world.fail_replicate("create_deployment", refused);
    assert_eq!(deploy_in(&world, &plan("cpu")).await.unwrap_err().kind(), ErrorKind::Request);
    let down = ReplicateFailure::Server { status: 502, retry_after: None, detail: String::new() };
    world.fail_replicate("deployment", down);
    assert_eq!(deploy_in(&world, &plan("cpu")).await.unwrap_err().kind(), ErrorKind::Service);
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_the_wait_for_replicate() {
    for call in ["deployment", "account", "create_deployment"] {
        let world = World::new();
        world.hang(call, Hang::Stubbornly);
        let cancelled = CancellationToken::new();
        let later = cancelled.clone();
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_secs(10)).await;
            later.cancel();
        });
        let (plan, version) = (plan("cpu"), version("new"));
        let request = DeployRequest { plan: &plan, version: &version, replaces: &Replaced::Nothing };
        let outcome = deploy(&request, &world.services(), &cancelled).await;
        assert!(matches!(outcome, Err(PublishError::Cancelled)), "{call}: {outcome:?}");
    }
}
