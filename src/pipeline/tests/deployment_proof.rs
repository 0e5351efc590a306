//! A deployment is tested after it got a version.

use serde_json::json;

use super::{Harness, deployment, note, stages};
use crate::domain::case::{Expectation, TestCase};
use crate::domain::identity::VersionRef;
use crate::domain::plan::ModelPlan;
use crate::domain::report::{DeploymentChange, Stage};
use crate::domain::verdict::Verdict;
use crate::publish::testing::{BUILT, live_model, version_id};

fn plan(harness: &Harness) -> ModelPlan {
    let inputs = json!({"text": "hi"}).as_object().unwrap().clone();
    let mut plan = harness.plan();
    plan.build.image = Some(BUILT.to_owned());
    plan.predict.cases =
        vec![TestCase { inputs, expectation: Expectation::ExactString("hello".to_owned()), ..TestCase::default() }];
    ModelPlan { deployment: Some(deployment()), deployment_check: true, ..plan }
}

#[tokio::test(start_paused = true)]
async fn one_case_goes_through_the_deployment() {
    let harness = Harness::new();
    let report = harness.run(plan(&harness)).await;
    assert_eq!(report.verdict, Verdict::Passed, "{report:#?}");
    let ids: Vec<String> = report.cases.iter().map(|case| case.id.to_string()).collect();
    assert_eq!(ids, ["case-1", "deployment: case-1"]);
}

#[tokio::test(start_paused = true)]
async fn the_release_before_is_put_back_when_it_fails() {
    for check in [true, false] {
        let harness = Harness::new();
        let before = VersionRef { model: live_model(), id: version_id("live") };
        harness.world.add_deployment("hotdog", &before, "cpu");
        harness.world.state().deployments_fail = true;
        let report = harness.run(ModelPlan { deployment_check: check, ..plan(&harness) }).await;
        let runs = harness.world.state().deployments["acme/hotdog"].version.clone().unwrap();
        assert_eq!((runs == before, report.verdict == Verdict::Failed), (check, check), "{report:#?}");
        assert!(report.published.is_some());
        if check {
            assert_eq!(stages(&report)[5], "deploy failed");
            assert!(
                note(&report, Stage::Deploy).contains(&format!("so it runs {before} again: ")),
                "{}",
                note(&report, Stage::Deploy)
            );
            assert_eq!(report.deployment.as_ref().unwrap().change, DeploymentChange::Restored);
            assert!(report.findings.iter().any(|finding| finding.code.as_str() == "SP755" && finding.is_error()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_deployment_that_fails_has_nothing_to_put_back() {
    let harness = Harness::new();
    harness.world.state().deployments_fail = true;
    let report = harness.run(plan(&harness)).await;
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(note(&report, Stage::Deploy).contains("there is no earlier release to restore"), "{}", note(&report, Stage::Deploy));
}
