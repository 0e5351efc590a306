//! Somebody else publishes or deploys during a run.

use serde_json::json;

use super::{Harness, deployment, note, stages};
use crate::clients::replicate::Visibility;
use crate::domain::case::{Expectation, TestCase};
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::plan::{Allowances, Comparison, ModelPlan};
use crate::domain::report::{ModelReport, Stage};
use crate::domain::verdict::Verdict;
use crate::publish::testing::{BUILT, World, live_model, schema, version_id};

const VERIFYING: &str = "create_prediction acme/hotdog-test";
const PUSHING: &str = "push r8.im/acme/hotdog";

fn official() -> ModelRef {
    "acme/official".parse().unwrap()
}

/// Somebody else's version, which callers of the one before can use.
fn rival(world: &World) {
    world.add_version(&live_model(), "rival", Some(schema()));
}

/// Somebody else's version with one more input.
fn rival_with_more(world: &World) {
    let mut more = schema();
    more["components"]["schemas"]["Input"]["properties"]["shout"] = json!({"type": "boolean", "description": "Loud", "x-order": 1});
    world.add_version(&live_model(), "rival", Some(more));
}

fn compares(harness: &Harness, compare: Comparison) -> ModelPlan {
    let inputs = json!({"text": "hi"}).as_object().unwrap().clone();
    let mut plan = harness.plan();
    plan.build.image = Some(BUILT.to_owned());
    plan.predict.cases =
        vec![TestCase { inputs, expectation: Expectation::ExactString("hello".to_owned()), ..TestCase::default() }];
    plan.predict.compare = compare;
    plan
}

fn newest(world: &World) -> String {
    world.state().models[&live_model()].latest_version.as_ref().unwrap().id.to_string()
}

/// The message of the finding about the move, and whether it is an error.
fn moved(report: &ModelReport) -> (String, bool) {
    let found: Vec<_> = report.findings.iter().filter(|finding| finding.code.as_str() == "SP706").collect();
    assert_eq!(found.len(), 1, "{report:#?}");
    (found[0].message.clone(), found[0].is_error())
}

#[tokio::test(start_paused = true)]
async fn a_live_version_that_moves_while_outputs_are_compared_stops_the_run() {
    let harness = Harness::new();
    harness.world.at(VERIFYING, rival);
    let report = harness.run(ModelPlan { deployment: Some(deployment()), ..compares(&harness, Comparison::All) }).await;
    assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Failed, 1), "{report:#?}");
    assert_eq!(stages(&report)[3..], ["verify passed", "publish failed", "deploy skipped"]);
    insta::assert_snapshot!(note(&report, Stage::Publish), @"acme/hotdog got another version while outputs were compared with the one before");
    let (message, is_error) = moved(&report);
    assert_eq!(
        message,
        format!(
            "acme/hotdog:{} was published while this version was checked against {}",
            version_id("rival").short(),
            version_id("live").short()
        )
    );
    assert!(is_error);
    assert_eq!((report.published, newest(&harness.world)), (None, version_id("rival").to_string()));
    assert_eq!(harness.world.calls_of("push"), ["push r8.im/acme/hotdog-test"]);
}

#[tokio::test(start_paused = true)]
async fn who_allows_it_publishes_over_a_live_version_that_moved() {
    let harness = Harness::new();
    harness.world.at(VERIFYING, rival);
    let allow = Allowances { moved_live: true, ..Allowances::default() };
    let report = harness.run(ModelPlan { allow, ..compares(&harness, Comparison::All) }).await;
    assert_eq!(report.verdict, Verdict::Passed, "{report:#?}");
    assert!(!moved(&report).1);
    assert_eq!(report.previous.unwrap().id, version_id("rival"));
}

#[tokio::test(start_paused = true)]
async fn without_a_comparison_of_outputs_the_schemas_decide() {
    let harness = Harness::new();
    harness.world.at(VERIFYING, rival);
    let report = harness.run(compares(&harness, Comparison::Off)).await;
    assert_eq!(report.verdict, Verdict::Passed, "{report:#?}");
    assert!(!moved(&report).1, "a warning");
    assert_eq!(report.previous.unwrap().id, version_id("rival"));
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_breaks_what_came_in_between_is_an_error_whatever_is_allowed() {
    for moved_live in [false, true] {
        let harness = Harness::new();
        harness.world.at(VERIFYING, rival_with_more);
        let allow = Allowances { moved_live, ..Allowances::default() };
        let report = harness.run(ModelPlan { allow, ..compares(&harness, Comparison::Off) }).await;
        assert_eq!((report.verdict, stages(&report)[4].as_str()), (Verdict::Failed, "publish failed"), "{report:#?}");
        assert!(report.findings.iter().any(|finding| finding.is_error() && finding.message.contains("shout")), "{report:#?}");
        assert_eq!(newest(&harness.world), version_id("rival").to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_publishes_during_the_push_is_found() {
    let harness = Harness::new();
    harness.world.at(PUSHING, rival);
    let report = harness.run(ModelPlan { deployment: Some(deployment()), ..compares(&harness, Comparison::All) }).await;
    assert_eq!((report.verdict, stages(&report)[4].as_str()), (Verdict::Failed, "publish failed"), "{report:#?}");
    assert!(moved(&report).0.contains("which replaced it unseen"), "{report:#?}");
    assert_eq!(report.previous.as_ref().unwrap().id, version_id("rival"), "the way back");
    assert!(report.published.is_some() && report.layers.is_some());
    assert_eq!(harness.world.calls_of("create_deployment"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn whoever_publishes_later_is_the_live_one_and_it_is_said() {
    let harness = Harness::new();
    harness.world.at("wait_for_version acme/hotdog", rival);
    let report = harness.run(compares(&harness, Comparison::All)).await;
    assert_eq!(report.verdict, Verdict::Passed, "{report:#?}");
    assert!(report.findings.iter().any(|finding| finding.code.as_str() == "SP707"), "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_moves_again_and_again_is_left_alone() {
    let harness = Harness::new();
    harness.world.at(VERIFYING, move_on);
    let report = harness.run(compares(&harness, Comparison::Off)).await;
    assert_eq!((report.verdict, stages(&report)[4].as_str()), (Verdict::Failed, "publish failed"), "{report:#?}");
    assert_eq!(harness.world.calls_of("push"), ["push r8.im/acme/hotdog-test"]);
}

/// Publishes now, and whenever somebody looks.
fn move_on(world: &World) {
    let names = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
    let next = names.iter().find(|name| {
        let version = VersionRef { model: live_model(), id: version_id(name) };
        !world.state().published.contains(&version)
    });
    if let Some(name) = next {
        world.add_version(&live_model(), name, Some(schema()));
        world.at("model acme/hotdog", move_on);
    }
}

#[tokio::test(start_paused = true)]
async fn an_official_model_that_moves_is_found_before_the_live_one_is_published() {
    let harness = Harness::new();
    harness.world.add_model(&official(), Visibility::Public);
    harness.world.state().models.get_mut(&official()).unwrap().is_official = true;
    let publishes = |world: &World| drop(world.add_version(&official(), "rival", Some(schema())));
    harness.world.at(VERIFYING, publishes);
    let plan = ModelPlan { official_model: Some(official()), ..compares(&harness, Comparison::All) };
    let report = harness.run(plan.clone()).await;
    assert_eq!((report.verdict, stages(&report)[4].as_str()), (Verdict::Failed, "publish failed"), "{report:#?}");
    assert!(moved(&report).0.contains("while this version was checked against no version"), "{report:#?}");
    assert_eq!((report.published, report.official), (None, None));

    // At the last moment: the live model has the version by then.
    let last = |world: &World| drop(world.add_version(&official(), "late", Some(schema())));
    harness.world.at(PUSHING, last);
    let report = harness.run(plan).await;
    assert_eq!((report.verdict, stages(&report)[4].as_str()), (Verdict::Failed, "publish failed"), "{report:#?}");
    assert!(report.published.is_some() && report.official.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_moves_is_not_overwritten() {
    for (moved_live, verdict) in [(false, Verdict::Failed), (true, Verdict::Passed)] {
        let harness = Harness::new();
        harness.world.add_deployment("hotdog", &VersionRef { model: live_model(), id: version_id("live") }, "cpu");
        let version = VersionRef { model: live_model(), id: version_id("hotfix") };
        harness.world.at(VERIFYING, move |world| {
            world.state().deployments.get_mut("acme/hotdog").unwrap().version = Some(version);
        });
        let allow = Allowances { moved_live, ..Allowances::default() };
        let plan = ModelPlan { allow, deployment: Some(deployment()), ..compares(&harness, Comparison::All) };
        let report = harness.run(plan).await;
        assert_eq!(report.verdict, verdict, "{report:#?}");
        assert!(report.published.is_some(), "the live model did not move");
        assert_eq!(moved(&report).1, !moved_live);
        let runs = harness.world.state().deployments["acme/hotdog"].version.clone().unwrap();
        assert_eq!(runs.id == version_id("hotfix"), !moved_live);
    }
}
