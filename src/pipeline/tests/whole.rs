//! Runs from end to end.

use std::cmp::Ordering;

use serde_json::json;

use super::{Harness, Last, deployment, error, note, stages};
use crate::clients::docker::{DockerError, ImageDetails, PushDenial};
use crate::clients::replicate::ReplicateFailure;
use crate::domain::case::{Expectation, TestCase};
use crate::domain::events::EventKind;
use crate::domain::identity::VersionRef;
use crate::domain::plan::{ModelPlan, PublishMode, VerifyPlan};
use crate::domain::report::{CaseStatus, DeploymentChange, ModelReport, Stage, StageStatus};
use crate::domain::verdict::Verdict;
use crate::pipeline::{BuildServices, CheckServices, ExistingVersion, Goal, ModelRun, run, verify_existing};
use crate::publish::testing::{BUILT, digest, live_model, schema, test_model, version_id};

fn live_version() -> VersionRef {
    VersionRef { model: live_model(), id: version_id("live") }
}

fn case(expectation: Expectation) -> TestCase {
    let inputs = json!({"text": "hi"}).as_object().unwrap().clone();
    TestCase { inputs, expectation, ..TestCase::default() }
}

impl Harness {
    /// The plan with one case, from an image that is already built.
    pub(super) fn given(&self) -> ModelPlan {
        let mut plan = self.plan();
        plan.build.image = Some(BUILT.to_owned());
        plan.predict.cases = vec![case(Expectation::ExactString("hello".to_owned()))];
        plan
    }

    fn live_is_untouched(&self) -> bool {
        self.world.state().models[&live_model()].latest_version.as_ref().unwrap().id == version_id("live")
    }
}

fn assert_passed(report: &ModelReport) {
    assert_eq!(report.verdict, Verdict::Passed, "{report:#?}");
    assert_eq!(report.error, None);
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_published_with_the_layers_that_were_tested() {
    let harness = Harness::new();
    let report = harness.run(harness.given()).await;
    assert_passed(&report);
    assert_eq!(
        stages(&report),
        ["inspect passed", "build passed", "stage passed", "verify passed", "publish passed", "deploy skipped"]
    );
    insta::assert_snapshot!(note(&report, Stage::Deploy), @"no deployment is configured");
    let (staged, published) = (report.staged.unwrap(), report.published.unwrap());
    assert_eq!((&staged.model, &published.model), (&test_model(), &live_model()));
    assert_ne!(staged.id, published.id);
    assert!(report.layers.unwrap().holds());
    assert_eq!(report.previous, Some(live_version()));
    assert!(report.cases.iter().all(|case| case.status == CaseStatus::Passed) && !report.cases.is_empty());
    assert_eq!(harness.world.names(), [BUILT]);
    let predicted_on: Vec<_> = harness.world.state().predictions.iter().map(|(_, version)| version.clone()).collect();
    assert!(predicted_on.iter().all(|version| *version == staged), "every prediction names the staged version");
}

#[tokio::test(start_paused = true)]
async fn the_services_are_called_in_the_order_of_the_stages() {
    let harness = Harness::new();
    harness.run(ModelPlan { deployment: Some(deployment()), ..harness.given() }).await;
    let mut calls = harness.world.calls();
    calls.retain(|call| {
        ["inspect_image", "push", "wait_for_version", "create_prediction", "create_deployment"]
            .iter()
            .any(|kept| call.starts_with(kept))
    });
    calls.dedup();
    assert_eq!(
        calls,
        [
            "inspect_image safe-push-build:built",
            "push r8.im/acme/hotdog-test",
            "wait_for_version acme/hotdog-test",
            "create_prediction acme/hotdog-test",
            "push r8.im/acme/hotdog",
            "wait_for_version acme/hotdog",
            "create_deployment acme/hotdog 1..20",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_project_is_built_and_its_image_goes_with_the_run() {
    let harness = Harness::new();
    let mut plan = harness.given();
    plan.build.image = None;
    let report = harness.run(plan).await;
    assert_passed(&report);
    assert_eq!(harness.world.calls_of("build").len(), 1, "one build for both pushes");
    assert_eq!(harness.world.names(), [BUILT], "{:?}", harness.world.names());
    assert!(report.layers.unwrap().holds());
}

#[tokio::test(start_paused = true)]
async fn a_build_alone_keeps_its_image_under_cogs_name() {
    let harness = Harness::new();
    let report = harness.run_to(Last::Build, vec![ModelRun::new(harness.plan())]).await.models.remove(0);
    assert_passed(&report);
    assert_eq!(stages(&report)[..3], ["inspect passed", "build passed", "stage skipped"]);
    insta::assert_snapshot!(note(&report, Stage::Publish), @"only a build was asked for");
    assert!(harness.world.names().iter().any(|name| name.starts_with("cog-")), "{:?}", harness.world.names());
    assert_eq!(harness.world.calls_of("push"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_build_needs_no_token() {
    let harness = Harness::new();
    let services = harness.services();
    let BuildServices { check, docker, digests, environment, .. } = services.build;
    let check = CheckServices { replicate: None, ..check };
    let services = BuildServices { check, docker, registry: None, digests, environment };
    let models = vec![ModelRun::new(harness.plan())];
    let options = super::options();
    let report = run(models, Goal::Build(&services), &options, &harness.recorder, &harness.cancelled).await;
    assert_passed(&report.models[0]);
    assert_eq!(stages(&report.models[0])[..3], ["inspect passed", "build passed", "stage skipped"]);
    assert!(harness.world.names().iter().any(|name| name.starts_with("cog-")), "{:?}", harness.world.names());
    assert!(report.notices.iter().any(|notice| notice.contains("without an API token")));
    for call in ["account", "model", "hardware"] {
        assert_eq!(harness.world.calls_of(call), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_does_not_pass_keeps_all_later_ones_from_beginning() {
    let down = || ReplicateFailure::Server { status: 503, retry_after: None, detail: "down".to_owned() };
    let denied = || DockerError::PushDenied {
        repository: "r8.im".to_owned(),
        reason: PushDenial::Forbidden,
        message: "403 Forbidden".to_owned(),
    };
    for (position, stage) in Stage::ALL.into_iter().enumerate() {
        let harness = Harness::new();
        match stage {
            Stage::Inspect => harness.world.fail_replicate("account", down()),
            Stage::Build => harness.world.fail_docker("inspect_image", DockerError::NoSuchImage { image: BUILT.to_owned() }),
            Stage::Stage => harness.world.fail_docker("push r8.im/acme/hotdog-test", denied()),
            Stage::Verify => harness.world.state().output = None,
            Stage::Publish => harness.world.fail_docker("push r8.im/acme/hotdog", denied()),
            Stage::Deploy => harness.world.fail_replicate("create_deployment", down()),
        }
        let report = harness.run(ModelPlan { deployment: Some(deployment()), ..harness.given() }).await;
        assert_ne!(report.verdict, Verdict::Passed, "{stage}");
        for (index, entered) in report.stages.iter().enumerate() {
            assert_eq!(entered.stage, Stage::ALL[index]);
            match index.cmp(&position) {
                Ordering::Less => assert_eq!(entered.status, StageStatus::Passed, "{stage}: {report:#?}"),
                Ordering::Equal => {
                    assert!(matches!(entered.status, StageStatus::Failed | StageStatus::Errored), "{stage}: {report:#?}");
                }
                Ordering::Greater => {
                    assert_eq!(entered.status, StageStatus::Skipped, "{stage}");
                    assert_eq!(entered.note, Some(format!("{stage} did not pass")));
                }
            }
        }
        assert_eq!(harness.live_is_untouched(), stage != Stage::Deploy, "{stage}");
        assert_eq!(harness.world.names(), [BUILT], "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_builds_nothing() {
    let harness = Harness::new();
    let report = harness.run_to(Last::Inspect, vec![ModelRun::new(harness.plan())]).await.models.remove(0);
    assert_passed(&report);
    assert_eq!(stages(&report)[..2], ["inspect passed", "build skipped"]);
    insta::assert_snapshot!(note(&report, Stage::Build), @"only a check was asked for");
    assert_eq!(harness.world.calls_of("build"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_output_that_is_not_as_expected_keeps_the_live_model_as_it_is() {
    let harness = Harness::new();
    harness.world.state().output = Some(json!("howdy"));
    let report = harness.run(harness.given()).await;
    assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Failed, 1));
    assert_eq!(stages(&report)[3..], ["verify failed", "publish skipped", "deploy skipped"]);
    assert!(note(&report, Stage::Verify).contains("case-1"), "{}", note(&report, Stage::Verify));
    insta::assert_snapshot!(note(&report, Stage::Publish), @"verify did not pass");
    assert_eq!(report.error, None, "a result is not an error");
    assert!(report.staged.is_some() && report.published.is_none());
    assert!(harness.live_is_untouched());
}

#[tokio::test(start_paused = true)]
async fn a_model_that_raises_fails() {
    let harness = Harness::new();
    harness.world.state().output = None;
    let report = harness.run(harness.given()).await;
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(harness.live_is_untouched());
}

#[tokio::test(start_paused = true)]
async fn test_only_stops_when_everything_is_verified() {
    let harness = Harness::new();
    let plan = ModelPlan { publish: PublishMode::TestOnly, deployment: Some(deployment()), ..harness.given() };
    let report = harness.run(plan).await;
    assert_passed(&report);
    assert_eq!(stages(&report)[3..], ["verify passed", "publish skipped", "deploy skipped"]);
    insta::assert_snapshot!(note(&report, Stage::Publish), @"test only: nothing is published");
    let plan = ModelPlan { publish: PublishMode::NotOnThisEvent, deployment: Some(deployment()), ..harness.given() };
    let report = harness.run(plan).await;
    assert_passed(&report);
    insta::assert_snapshot!(note(&report, Stage::Publish), @"the event allows tests only: nothing is published");
    assert!(harness.live_is_untouched());
}

#[tokio::test(start_paused = true)]
async fn the_deployment_follows_and_the_rollback_is_noted() {
    let harness = Harness::new();
    harness.world.add_deployment("hotdog", &live_version(), "cpu");
    let report = harness.run(ModelPlan { deployment: Some(deployment()), ..harness.given() }).await;
    assert_passed(&report);
    let deployed = report.deployment.clone().unwrap();
    assert_eq!((deployed.change, deployed.release), (DeploymentChange::Updated, Some(4)));
    assert_eq!(deployed.previous_version, Some(live_version()));
    insta::assert_snapshot!(note(&report, Stage::Deploy), @"acme/hotdog updated");
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_fails_leaves_a_published_version_in_the_report() {
    let harness = Harness::new();
    let down = ReplicateFailure::Server { status: 503, retry_after: None, detail: "down".to_owned() };
    harness.world.fail_replicate("create_deployment", down);
    let report = harness.run(ModelPlan { deployment: Some(deployment()), ..harness.given() }).await;
    assert_eq!(report.verdict, Verdict::ServiceError);
    assert_eq!(stages(&report)[4..], ["publish passed", "deploy errored"]);
    assert!(report.published.is_some() && report.layers.is_some_and(|layers| layers.holds()));
    assert_eq!(report.deployment, None);
}

#[tokio::test(start_paused = true)]
async fn a_push_that_is_denied_keeps_what_was_tested_in_the_report() {
    let harness = Harness::new();
    let denied = DockerError::PushDenied {
        repository: "r8.im/acme/hotdog".to_owned(),
        reason: PushDenial::NoWriteAccess,
        message: "You don't have write access to this model".to_owned(),
    };
    harness.world.fail_docker("push r8.im/acme/hotdog", denied);
    let report = harness.run(harness.given()).await;
    assert_eq!(report.verdict, Verdict::Misconfigured);
    assert_eq!(stages(&report)[3..], ["verify passed", "publish errored", "deploy skipped"]);
    assert!(error(&report).1.contains("CLI token"));
    assert!(report.staged.is_some() && report.published.is_none() && !report.cases.is_empty());
    assert_eq!(harness.world.names(), [BUILT]);
}

#[tokio::test(start_paused = true)]
async fn other_layers_at_the_live_model_are_the_most_severe_finding() {
    let harness = Harness::new();
    harness.world.state().registry_repacks.insert("acme/hotdog".to_owned());
    let report = harness.run(ModelPlan { deployment: Some(deployment()), ..harness.given() }).await;
    assert_eq!(report.verdict, Verdict::ServiceError);
    assert_eq!(report.findings[0].code.as_str(), "SP702");
    assert!(!report.layers.as_ref().unwrap().holds());
    assert!(report.published.is_some(), "it is there, and people have to know");
    assert_eq!(stages(&report)[5], "deploy skipped");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_never_appears_is_never_tested() {
    let harness = Harness::new();
    harness.world.state().versions_never_appear = true;
    let report = harness.run(harness.given()).await;
    assert_eq!(report.verdict, Verdict::ServiceError);
    assert_eq!(stages(&report)[2..4], ["stage errored", "verify skipped"]);
    assert!(report.staged.is_some(), "it was pushed");
    assert_eq!(harness.world.calls_of("create_prediction"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_official_model_gets_the_same_layers() {
    let harness = Harness::new();
    let official: crate::domain::identity::ModelRef = "acme/official".parse().unwrap();
    harness.world.add_model(&official, crate::clients::replicate::Visibility::Public);
    harness.world.state().models.get_mut(&official).unwrap().is_official = true;
    let report = harness.run(ModelPlan { official_model: Some(official), ..harness.given() }).await;
    assert_passed(&report);
    assert_eq!(report.published.as_ref().unwrap().model, live_model());
    assert!(note(&report, Stage::Publish).contains(" and acme/official:"), "{}", note(&report, Stage::Publish));
    assert_eq!(report.official.as_ref().unwrap().model.to_string(), "acme/official");
    assert!(report.findings.iter().any(|finding| finding.code.as_str() == "SP704"));
    let layers: std::collections::BTreeSet<_> =
        harness.world.state().manifests.values().map(|manifest| format!("{:?}", manifest.layers)).collect();
    assert_eq!(layers.len(), 1, "three models, one list of layers");
}

#[tokio::test(start_paused = true)]
async fn the_image_that_is_searched_is_the_one_that_is_pushed_whatever_its_name_means_by_then() {
    const KEY: &str = "r8_0123456789abcdef0123456789abcdef";
    let harness = Harness::new();
    let official: crate::domain::identity::ModelRef = "acme/official".parse().unwrap();
    harness.world.add_model(&official, crate::clients::replicate::Visibility::Public);
    let code = harness.world.image().diff_ids[2].clone();
    harness.world.state().contexts.insert(code, format!("TOKEN = '{KEY}'").into_bytes());
    // The name goes to a clean image while the first one is about to be searched.
    harness.world.at("export_image", |world| {
        let mut state = world.state();
        let named = state.images.remove(BUILT).unwrap();
        let clean = ImageDetails { id: digest("clean").to_string(), diff_ids: vec![digest("clean")], ..named.clone() };
        state.images.insert("somewhere:else".to_owned(), named);
        state.images.insert(BUILT.to_owned(), clean);
    });
    let mut services = harness.services();
    services.build.environment.tokens.insert("REPLICATE_API_TOKEN".to_owned(), KEY.into());
    let plan = ModelPlan { official_model: Some(official), ..harness.given() };
    let models = vec![ModelRun::new(plan)];
    let report = run(models, Goal::Publish(&services), &super::options(), &harness.recorder, &harness.cancelled).await;
    assert_eq!(report.verdict, Verdict::Misconfigured, "{report:#?}");
    assert!(report.models[0].findings.iter().any(|finding| finding.code.as_str() == "SP584"), "{report:#?}");
    assert_eq!(harness.world.calls_of("push"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_is_gone_stops_before_the_build() {
    let harness = Harness::new();
    let mut old = schema();
    old["components"]["schemas"]["Input"]["properties"]["shout"] = json!({"type": "boolean", "description": "Loud", "x-order": 1});
    harness.world.add_version(&live_model(), "live", Some(old));
    let report = harness.run(harness.given()).await;
    assert_eq!((report.verdict, stages(&report)[0].as_str()), (Verdict::Failed, "inspect failed"), "{report:#?}");
    assert!(report.findings.iter().any(|finding| finding.is_error() && finding.message.contains("shout")), "{report:#?}");
    assert_eq!(harness.world.calls_of("inspect_image"), [""; 0]);
    let events = harness.recorder.events();
    let reported = events.iter().filter(|event| matches!(event, EventKind::Found(_))).count();
    assert_eq!(reported, report.findings.len(), "each is reported once");

    let mut plan = harness.given();
    plan.inspect.ignore_schema_compatibility = true;
    assert_passed(&harness.run(plan).await);
}

#[tokio::test(start_paused = true)]
async fn an_error_in_the_configuration_is_a_wrong_request() {
    let harness = Harness::new();
    let finding = cog_findings::Finding::new(&crate::publish::rules::LAYERS_DIFFER, "made up");
    let model = ModelRun { config_findings: vec![finding.clone()], ..ModelRun::new(harness.given()) };
    let report = harness.run_to(Last::Deploy, vec![model]).await.models.remove(0);
    assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Misconfigured, 2), "{report:#?}");
    assert_eq!(report.findings.iter().filter(|found| **found == finding).count(), 1);
    assert_eq!(stages(&report)[..2], ["inspect failed", "build skipped"]);
}

#[tokio::test(start_paused = true)]
async fn an_unusable_cog_yaml_is_reported_with_its_place() {
    let harness = Harness::new();
    std::fs::write(harness.plan().project.join("cog.yaml"), "build: {gpu: false}\nbuild: {gpu: true}\n").unwrap();
    let report = harness.run(harness.given()).await;
    assert_eq!((report.verdict, stages(&report)[0].as_str()), (Verdict::Misconfigured, "inspect errored"), "{report:#?}");
    insta::assert_snapshot!(error(&report).0, @"cog.yaml cannot be used");
    assert!(report.findings.iter().any(|finding| finding.is_error() && finding.location.is_some()), "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_judgement_without_a_judge_is_a_wrong_request() {
    let harness = Harness::new();
    let mut plan = harness.given();
    plan.predict = VerifyPlan { cases: vec![case(Expectation::MatchPrompt("a hot dog".to_owned()))], ..plan.predict };
    let report = harness.run(plan.clone()).await;
    assert_eq!((report.verdict, stages(&report)[0].as_str()), (Verdict::Misconfigured, "inspect failed"), "{report:#?}");
    // A check does not know whether there will be one.
    assert_passed(&harness.run_to(Last::Inspect, vec![ModelRun::new(plan)]).await.models[0]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_fails_is_the_models_fault_and_a_finding() {
    let harness = Harness::new();
    let failed = DockerError::BuildFailed {
        step: Some("[2/2] RUN false".to_owned()),
        message: "process \"/bin/sh -c false\" did not complete successfully: exit code: 1".to_owned(),
    };
    harness.world.fail_docker("build", failed);
    let mut plan = harness.given();
    plan.build.image = None;
    let report = harness.run(plan).await;
    assert_eq!((report.verdict, stages(&report)[1].as_str()), (Verdict::Failed, "build failed"), "{report:#?}");
    assert_eq!(report.findings[0].code.as_str(), "SP751");
    assert!(report.error.is_some());
    assert_eq!(harness.world.names(), [BUILT]);
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_is_gone_is_the_services_fault() {
    let harness = Harness::new();
    harness.world.fail_docker("inspect_image", DockerError::SocketMissing { host: "unix:///x".to_owned() });
    let report = harness.run(harness.given()).await;
    assert_eq!((report.verdict, report.stages[1].status), (Verdict::ServiceError, StageStatus::Errored));
    assert!(error(&report).1.contains("start Docker"));
}

#[tokio::test(start_paused = true)]
async fn a_given_image_without_a_schema_is_a_wrong_request() {
    let harness = Harness::new();
    harness.world.state().images.get_mut(BUILT).unwrap().labels.clear();
    let report = harness.run(harness.given()).await;
    assert_eq!(report.verdict, Verdict::Misconfigured);
    assert!(error(&report).0.contains("has no schema in its label run.cog.openapi_schema"));
    assert_eq!(harness.world.calls_of("push"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_given_images_own_schema_is_what_is_compared_with_live() {
    let harness = Harness::new();
    let mut breaking = schema();
    breaking["components"]["schemas"]["Input"]["properties"]["text"]["type"] = json!("integer");
    breaking["components"]["schemas"]["Input"]["properties"]["text"]["default"] = json!(1);
    let label = breaking.to_string();
    harness.world.state().images.get_mut(BUILT).unwrap().labels.insert("run.cog.openapi_schema".to_owned(), label);
    let report = harness.run(harness.given()).await;
    assert_eq!((report.verdict, stages(&report)[1].as_str()), (Verdict::Failed, "build failed"), "{report:#?}");
    assert!(report.findings.iter().any(|finding| finding.code.as_str() == "SP753"), "{report:#?}");
    assert!(report.findings[0].is_error());
    assert_eq!(harness.world.calls_of("push"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_schema_of_an_old_sdk_is_read_from_the_image() {
    let harness = Harness::new();
    let mut plan = harness.given();
    plan.build.image = None;
    plan.build.cog_version = Some("0.16.12".to_owned());
    assert_passed(&harness.run(plan.clone()).await);
    assert_eq!(harness.world.calls_of("run_container")[0], "run_container cog.command.openapi_schema");
    // What could not be known before the build stops after it.
    harness.world.add_version(&live_model(), "live", Some(schema()));
    harness.world.state().container_schema["components"]["schemas"]["Input"]["properties"] = json!({});
    let pushes = harness.world.calls_of("push").len();
    let report = harness.run(plan).await;
    assert_eq!((report.verdict, stages(&report)[1].as_str()), (Verdict::Failed, "build failed"), "{report:#?}");
    assert_eq!(harness.world.calls_of("push").len(), pushes);
    assert_eq!(harness.world.names(), [BUILT]);
}

#[tokio::test(start_paused = true)]
async fn the_most_severe_model_decides_the_run() {
    let harness = Harness::new();
    let wrong = ModelPlan {
        name: "wrong".to_owned(),
        predict: VerifyPlan { cases: vec![case(Expectation::ExactString("other".to_owned()))], ..harness.given().predict },
        ..harness.given()
    };
    let report = harness.run_to(Last::Deploy, vec![ModelRun::new(wrong), ModelRun::new(harness.given())]).await;
    assert_eq!(report.models.iter().map(|model| model.verdict).collect::<Vec<_>>(), [Verdict::Failed, Verdict::Passed]);
    assert_eq!(report.verdict, Verdict::Failed);
}

#[tokio::test(start_paused = true)]
async fn stages_and_run_tell_how_long_they_took() {
    let harness = Harness::new();
    harness.world.state().versions_appear_after = std::time::Duration::from_secs(30);
    let report = harness.run_to(Last::Deploy, vec![ModelRun::new(harness.given())]).await;
    let of = |stage| report.models[0].stages.iter().find(|entered| entered.stage == stage).unwrap().duration.as_secs();
    assert_eq!((of(Stage::Stage), of(Stage::Publish)), (30, 30));
    assert!(report.duration.as_secs() >= 60);
}

#[tokio::test(start_paused = true)]
async fn an_existing_version_is_asked_what_a_staged_one_would_be() {
    let harness = Harness::new();
    let version = harness.world.add_version(&test_model(), "there", Some(schema()));
    let existing = ExistingVersion { model: test_model(), id: Some(version.id.clone()) };
    let options = super::options();
    for (output, verdict, last) in [("hello", Verdict::Passed, "verify passed"), ("howdy", Verdict::Failed, "verify failed")] {
        harness.world.state().output = Some(json!(output));
        let run = ModelRun::new(harness.given());
        let report =
            verify_existing(run, &existing, &harness.services().verify, &options, &harness.recorder, &harness.cancelled).await;
        assert_eq!(report.verdict, verdict, "{report:#?}");
        let model = &report.models[0];
        assert_eq!(stages(model)[..4], ["inspect passed", "build skipped", "stage skipped", last]);
        assert_eq!(model.staged, Some(version.clone()));
        assert_eq!(model.published, None);
    }
    assert_eq!(harness.world.calls_of("push"), [""; 0]);
}
