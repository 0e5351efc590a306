//! A run that is stopped, at every place where it can wait.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::{Harness, note, stages};
use crate::domain::case::{Expectation, TestCase};
use crate::domain::plan::{DeploymentPlan, ModelPlan};
use crate::domain::prediction::PredictionStatus;
use crate::domain::report::{ModelReport, Stage};
use crate::domain::verdict::Verdict;
use crate::publish::testing::{BUILT, Hang, test_model};

/// The most that a cancelled run takes.
const LIMIT: Duration = Duration::from_secs(5);

fn plan(harness: &Harness, is_built: bool) -> ModelPlan {
    let mut plan = harness.plan();
    let inputs = json!({"text": "hi"}).as_object().unwrap().clone();
    plan.build.image = is_built.then(|| BUILT.to_owned());
    plan.predict.cases =
        vec![TestCase { inputs, expectation: Expectation::ExactString("hello".to_owned()), ..TestCase::default() }];
    plan.deployment = Some(DeploymentPlan {
        owner: "acme".to_owned(),
        name: "hotdog".to_owned(),
        hardware: "cpu".to_owned(),
        min_instances: None,
        max_instances: None,
    });
    plan
}

/// Runs a model whose one call hangs, cancels it, and checks what is true of every cancelled run.
async fn cancel_in(call: &'static str, how: Hang, is_built: bool) -> (Harness, ModelReport) {
    let harness = Harness::new();
    harness.world.hang(call, how);
    let cancelled_at = harness.cancel_after(Duration::from_secs(600));
    let report = harness.run(plan(&harness, is_built)).await;
    let late = Instant::now().saturating_duration_since(cancelled_at);
    assert!(Instant::now() >= cancelled_at, "{call}: it hangs");
    assert!(late <= LIMIT, "{call} {how:?}: {late:?}");
    assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Cancelled, 130), "{call}: {report:#?}");
    assert_eq!(report.stages.len(), Stage::ALL.len());
    (harness, report)
}

/// How the stage that was under way ended, and why the next was skipped.
fn assert_cancelled_in(report: &ModelReport, stage: Stage) {
    let position = Stage::ALL.iter().position(|other| *other == stage).unwrap();
    let ended = stages(report);
    assert!(ended[..position].iter().all(|line| line.ends_with(" passed")), "{ended:?}");
    assert_eq!(ended[position], format!("{stage} cancelled"));
    for later in &Stage::ALL[position + 1..] {
        assert_eq!(note(report, *later), "the run was canceled");
    }
}

#[tokio::test(start_paused = true)]
async fn in_every_stage_it_ends_in_time_and_leaves_nothing() {
    let places = [
        ("build", false, Stage::Build),
        ("run_container freeze", false, Stage::Build),
        ("push r8.im/acme/hotdog-test", true, Stage::Stage),
        ("wait_for_version acme/hotdog-test", true, Stage::Stage),
        ("create_prediction", true, Stage::Verify),
        ("push r8.im/acme/hotdog", false, Stage::Publish),
        ("wait_for_version acme/hotdog", true, Stage::Publish),
    ];
    for (call, is_built, stage) in places {
        let (harness, report) = cancel_in(call, Hang::Politely, is_built).await;
        assert_cancelled_in(&report, stage);
        assert_eq!(harness.world.names(), [BUILT], "{call}");
    }
}

#[tokio::test(start_paused = true)]
async fn services_that_do_not_answer_cannot_hold_it_up() {
    let places = [
        ("build", false, Stage::Build),
        ("derive_image", true, Stage::Stage),
        ("push r8.im/acme/hotdog-test", true, Stage::Stage),
        ("manifest acme/hotdog-test", true, Stage::Stage),
        ("prediction", true, Stage::Verify),
        ("push r8.im/acme/hotdog", true, Stage::Publish),
        ("create_deployment acme/hotdog 1..20", true, Stage::Deploy),
    ];
    for (call, is_built, stage) in places {
        let (_, report) = cancel_in(call, Hang::Stubbornly, is_built).await;
        assert_cancelled_in(&report, stage);
    }
}

#[tokio::test(start_paused = true)]
async fn the_values_so_far_are_in_the_report() {
    let (_, report) = cancel_in("push r8.im/acme/hotdog", Hang::Politely, true).await;
    assert_eq!(report.staged.as_ref().map(|version| &version.model), Some(&test_model()));
    assert!(!report.cases.is_empty());
    assert_eq!(report.published, None);
    assert_eq!(report.error, None, "a cancellation is not an error");
}

#[tokio::test(start_paused = true)]
async fn a_push_that_was_over_is_named() {
    let (_, report) = cancel_in("wait_for_version acme/hotdog", Hang::Politely, true).await;
    let published = report.published.clone().unwrap();
    assert!(report.error.unwrap().message.starts_with(&format!("{published} was pushed")));
}

#[tokio::test(start_paused = true)]
async fn a_prediction_under_way_is_cancelled_at_the_service() {
    let harness = Harness::new();
    harness.world.state().predictions_never_end = true;
    let cancelled_at = harness.cancel_after(Duration::from_secs(60));
    let report = harness.run(plan(&harness, true)).await;
    assert!(Instant::now() - cancelled_at <= LIMIT);
    assert_cancelled_in(&report, Stage::Verify);
    let state = harness.world.state();
    assert!(!state.predictions.is_empty());
    for (prediction, _) in &state.predictions {
        assert_eq!(prediction.status, PredictionStatus::Canceled);
    }
}
