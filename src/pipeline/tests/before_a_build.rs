//! What stops a run before anything is built.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Harness, Last, error, note, options, stages};
use crate::clients::ErrorKind;
use crate::clients::docker::PushDenial;
use crate::clients::registry::{Blob, FileBlob, Mount, RegistryError, RegistryWriter, StoredManifest};
use crate::clients::replicate::{ReplicateFailure, Visibility};
use crate::domain::case::{Expectation, TestCase};
use crate::domain::events::EventKind;
use crate::domain::identity::ImageDigest;
use crate::domain::plan::{Allowances, DeploymentPlan, ModelPlan, PublishMode, TrainPlan};
use crate::domain::prediction::Inputs;
use crate::domain::report::{Stage, StageStatus};
use crate::domain::verdict::Verdict;
use crate::inspect::Tools;
use crate::pipeline::{CheckServices, Goal, ModelRun, PrepareTree, PrepareTreeError, run};
use crate::publish::testing::{FakeReplicate, Hang, StillClock, live_model, test_model};

const NOTHING_AFTER_INSPECT: [&str; 6] =
    ["inspect errored", "build skipped", "stage skipped", "verify skipped", "publish skipped", "deploy skipped"];

#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_accepted_is_reported_first() {
    let harness = Harness::new();
    let refused = ReplicateFailure::Unauthorized { detail: "invalid".to_owned(), looks_like_cli_token: true };
    harness.world.fail_replicate("account", refused);
    let report = harness.run(harness.plan()).await;
    assert_eq!(report.verdict, Verdict::Misconfigured);
    assert_eq!(stages(&report), NOTHING_AFTER_INSPECT);
    insta::assert_snapshot!(error(&report).0, @"failed to account: the API token was rejected: invalid");
    assert!(error(&report).1.contains("swapped"));
    assert_eq!(harness.world.calls(), ["account"]);
}

#[tokio::test(start_paused = true)]
async fn the_account_is_asked_for_once_per_run() {
    let harness = Harness::new();
    let models = vec![ModelRun::new(harness.plan()), ModelRun::new(harness.plan())];
    harness.run_to(Last::Deploy, models).await;
    assert_eq!(harness.world.calls_of("account").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn test_trainings_cannot_end_in_the_live_model() {
    let harness = Harness::new();
    let case = TestCase { inputs: Inputs::new(), expectation: Expectation::Succeeds, ..TestCase::default() };
    let destination = harness.plan().model;
    let train = TrainPlan { destination, destination_hardware: "cpu".to_owned(), cases: vec![case], fuzz: None };
    let report = harness.run(ModelPlan { train: Some(train), ..harness.plan() }).await;
    assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Misconfigured, 2));
    insta::assert_snapshot!(error(&report).0, @"acme/hotdog is both the live model and the destination of trainings");
    insta::assert_snapshot!(error(&report).1, @"name another model as train.destination: what is not tested must not reach a model that is published");
    assert_eq!(harness.world.calls(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_live_model_is_never_the_test_model() {
    let harness = Harness::new();
    for test_model in ["acme/hotdog", "Acme/HotDog"] {
        let report = harness.run(ModelPlan { test_model: test_model.parse().unwrap(), ..harness.plan() }).await;
        assert_eq!(report.verdict, Verdict::Misconfigured);
        assert_eq!(error(&report).0, format!("{test_model} is both the live model and the test model"));
    }
    for official in [live_model(), test_model()] {
        let report = harness.run(ModelPlan { official_model: Some(official), ..harness.plan() }).await;
        assert_eq!(report.verdict, Verdict::Misconfigured);
        assert!(error(&report).0.contains("the official model"), "{}", error(&report).0);
    }
    assert_eq!(harness.world.calls(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_test_model_that_could_not_be_made_is_reported_before_the_build() {
    let harness = Harness::new();
    harness.world.remove_model(&test_model());
    let report = harness.run(ModelPlan { test_hardware: None, ..harness.plan() }).await;
    assert_eq!(report.verdict, Verdict::Misconfigured);
    assert_eq!(stages(&report), NOTHING_AFTER_INSPECT);
    assert!(error(&report).1.contains("test_hardware"));
    insta::assert_snapshot!(note(&report, Stage::Build), @"inspect did not pass");
}

#[tokio::test(start_paused = true)]
async fn a_live_model_that_is_missing_is_reported_before_the_build() {
    let harness = Harness::new();
    harness.world.remove_model(&live_model());
    let report = harness.run(harness.plan()).await;
    assert_eq!(report.verdict, Verdict::Misconfigured);
    assert!(error(&report).0.contains("acme/hotdog does not exist"));
    assert_eq!(report.previous, None);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_could_not_be_made_is_reported_before_the_build() {
    let harness = Harness::new();
    let deployment = DeploymentPlan {
        owner: "other".to_owned(),
        name: "hotdog".to_owned(),
        hardware: "cpu".to_owned(),
        min_instances: None,
        max_instances: None,
    };
    let plan = ModelPlan { deployment: Some(deployment), ..harness.plan() };
    assert!(error(&harness.run(plan.clone()).await).0.contains("the deployment other/hotdog does not exist"));
    // Nothing is deployed when nothing is published.
    let calls = harness.world.calls_of("deployment").len();
    harness.run(ModelPlan { publish: PublishMode::TestOnly, ..plan }).await;
    assert_eq!(harness.world.calls_of("deployment").len(), calls);
}

#[tokio::test(start_paused = true)]
async fn an_outage_before_the_build_is_the_services_fault() {
    let harness = Harness::new();
    harness.world.fail_replicate("model", ReplicateFailure::Server { status: 502, retry_after: None, detail: "bad".to_owned() });
    let report = harness.run(harness.plan()).await;
    assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::ServiceError, 3));
    assert_eq!(report.stages[0].status, StageStatus::Errored);
}

#[tokio::test(start_paused = true)]
async fn wrong_hardware_is_a_wrong_request_even_when_nothing_is_going_to_be_made() {
    let harness = Harness::new();
    let wrong = || ModelPlan { test_hardware: Some("gpu-l40".to_owned()), ..harness.plan() };
    for last in [Last::Inspect, Last::Build, Last::Deploy] {
        let report = harness.run_to(last, vec![ModelRun::new(wrong()), ModelRun::new(wrong())]).await;
        assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Misconfigured, 2));
        assert_eq!(report.models[0].findings[0].code.as_str(), "SP411");
        assert_eq!(stages(&report.models[0])[..2], ["inspect failed", "build skipped"]);
    }
    assert_eq!(harness.world.calls_of("hardware").len(), 3, "once per run");
    let none = ModelPlan { test_hardware: None, ..harness.plan() };
    harness.run_to(Last::Inspect, vec![ModelRun::new(none)]).await;
    assert_eq!(harness.world.calls_of("hardware").len(), 3, "nothing is named");
}

#[tokio::test(start_paused = true)]
async fn a_public_test_model_is_refused_before_the_build() {
    let harness = Harness::new();
    harness.world.add_model(&test_model(), Visibility::Public);
    let report = harness.run(harness.plan()).await;
    assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Misconfigured, 2));
    assert_eq!(stages(&report), NOTHING_AFTER_INSPECT);
    assert!(error(&report).0.contains("acme/hotdog-test is public"), "{}", error(&report).0);
    let allow = Allowances { public_test_model: true, ..Allowances::default() };
    let report = harness.run(ModelPlan { allow, ..harness.plan() }).await;
    assert!(report.findings.iter().any(|finding| finding.code.as_str() == "SP701"), "{report:#?}");
    assert!(report.staged.is_some());
}

#[tokio::test(start_paused = true)]
async fn without_an_official_model_a_push_to_it_does_nothing() {
    let harness = Harness::new();
    let plan = ModelPlan { publish: PublishMode::NoOfficialModel, ..harness.plan() };
    let finding = cog_findings::Finding::new(&crate::config::rules::NO_OFFICIAL_MODEL, "none");
    let model = ModelRun { config_findings: vec![finding.clone()], ..ModelRun::new(plan) };
    let report = harness.run_to(Last::Deploy, vec![model.clone()]).await;
    assert_eq!((report.verdict, report.models[0].findings.as_slice()), (Verdict::Passed, [finding].as_slice()));
    assert!(report.models[0].stages.iter().all(|stage| stage.status == StageStatus::Skipped));
    insta::assert_snapshot!(note(&report.models[0], Stage::Publish), @"no official_model is configured, so nothing is tested or pushed");
    assert_eq!(harness.world.calls(), [""; 0]);
    let checked = harness.run_to(Last::Inspect, vec![model]).await;
    assert_eq!(stages(&checked.models[0])[0], "inspect passed", "a check is not about pushes");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_cannot_pay_stops_all_models() {
    let harness = Harness::new();
    harness.world.fail_replicate("model", ReplicateFailure::PaymentRequired { detail: "no credit".to_owned() });
    let second = ModelPlan { name: "second".to_owned(), ..harness.plan() };
    let report = harness.run_to(Last::Deploy, vec![ModelRun::new(harness.plan()), ModelRun::new(second)]).await;
    assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Billing, 4));
    assert_eq!(report.models[1].verdict, Verdict::Billing);
    assert!(report.models[1].stages.iter().all(|stage| stage.status == StageStatus::Skipped));
    insta::assert_snapshot!(note(&report.models[1], Stage::Inspect), @"the account cannot pay for predictions");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_does_not_pass_does_not_keep_the_next_from_running() {
    let harness = Harness::new();
    let first = ModelPlan { name: "first".to_owned(), test_model: live_model(), ..harness.plan() };
    let report = harness.run_to(Last::Deploy, vec![ModelRun::new(first), ModelRun::new(harness.plan())]).await;
    assert_eq!(report.models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["first", "hotdog"]);
    assert_eq!(harness.world.calls_of("account").len(), 1, "the second was run");
}

#[tokio::test(start_paused = true)]
async fn cancelling_while_replicate_is_asked_ends_the_run_in_time() {
    for (call, how) in [("account", Hang::Stubbornly), ("model", Hang::Stubbornly)] {
        let harness = Harness::new();
        harness.world.hang(call, how);
        let cancelled_at = harness.cancel_after(Duration::from_secs(60));
        let models = vec![ModelRun::new(harness.plan()), ModelRun::new(harness.plan())];
        let report = harness.run_to(Last::Deploy, models).await;
        assert!(Instant::now() - cancelled_at <= Duration::from_millis(10), "{call}");
        assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Cancelled, 130), "{call}");
        assert_eq!(report.models[0].stages[0].status, StageStatus::Cancelled, "{call}");
        assert_eq!(note(&report.models[0], Stage::Build), "the run was canceled");
        assert!(report.models[1].stages.iter().all(|stage| stage.status == StageStatus::Skipped));
        assert_eq!(report.duration.as_secs() / 10, 6, "{:?}", report.duration);
    }
}

#[test]
fn a_run_may_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    let harness = Harness::new();
    let (services, options) = (harness.services(), options());
    is_send(run(Vec::new(), Goal::Publish(&services), &options, &harness.recorder, &harness.cancelled));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_before_it_begins_does_nothing() {
    let harness = Harness::new();
    harness.cancelled.cancel();
    let report = harness.run(harness.plan()).await;
    assert_eq!(report.verdict, Verdict::Cancelled);
    assert_eq!(harness.world.calls(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn events_tell_what_the_report_says() {
    let harness = Harness::new();
    let report = harness.run(ModelPlan { test_model: live_model(), ..harness.plan() }).await;
    let events = harness.recorder.events();
    assert_eq!(events.first(), Some(&EventKind::ModelStarted));
    assert_eq!(events.last(), Some(&EventKind::ModelFinished(Box::new(report.clone()))));
    let finished = events.iter().filter(|event| matches!(event, EventKind::StageFinished { .. })).count();
    let started = events.iter().filter(|event| matches!(event, EventKind::StageStarted(_))).count();
    assert_eq!((started, finished), (1, report.stages.len()));
    assert_eq!(harness.recorder.models(), [Some("hotdog".to_owned())].into());
}

#[tokio::test(start_paused = true)]
async fn the_report_carries_what_the_run_as_a_whole_is_about() {
    let harness = Harness::new();
    let report = harness.run_to(Last::Deploy, Vec::new()).await;
    assert_eq!(report.verdict, Verdict::Passed);
    assert_eq!((report.tool_version.as_str(), report.notices.as_slice()), ("0.1.0", ["a notice".to_owned()].as_slice()));
    assert_eq!(report.started_at.to_rfc3339(), "2026-01-02T03:04:05+00:00");
}

/// A registry that lets nobody push to one of its repositories.
struct Guarded(&'static str);

impl RegistryWriter for Guarded {
    fn check_push<'a>(&'a self, repository: &'a str) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(async move {
            if repository != self.0 {
                return Ok(());
            }
            Err(RegistryError::PushDenied {
                host: "r8.im".to_owned(),
                account: "'acme'".to_owned(),
                repository: repository.to_owned(),
                reason: PushDenial::NoWriteAccess,
                message: "You don't have write access to this model".to_owned(),
            })
        })
    }

    fn stored<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Option<StoredManifest>, RegistryError>> {
        Box::pin(async move { Ok(None) })
    }

    fn small_blob<'a>(&'a self, _: &'a str, _: &'a Blob) -> BoxFuture<'a, Result<Bytes, RegistryError>> {
        Box::pin(async move { unreachable!("nothing is staged") })
    }

    fn has_blob<'a>(&'a self, _: &'a str, _: &'a ImageDigest) -> BoxFuture<'a, Result<bool, RegistryError>> {
        Box::pin(async move { unreachable!("nothing is staged") })
    }

    fn mount<'a>(&'a self, _: &'a str, _: &'a str, _: &'a ImageDigest) -> BoxFuture<'a, Mount> {
        Box::pin(async move { unreachable!("nothing is staged") })
    }

    fn copy_blob<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: &'a Blob,
        _: &'a (dyn Fn(u64) + Send + Sync),
    ) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(async move { unreachable!("nothing is staged") })
    }

    fn put_file<'a>(
        &'a self,
        _: &'a str,
        _: &'a FileBlob,
        _: &'a (dyn Fn(u64) + Send + Sync),
    ) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(async move { unreachable!("nothing is staged") })
    }

    fn put_blob<'a>(&'a self, _: &'a str, _: Bytes) -> BoxFuture<'a, Result<Blob, RegistryError>> {
        Box::pin(async move { unreachable!("nothing is staged") })
    }

    fn put_manifest<'a>(&'a self, _: &'a str, _: &'a str, _: &'a StoredManifest) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(async move { unreachable!("nothing is staged") })
    }
}

#[tokio::test(start_paused = true)]
async fn a_cli_token_that_may_not_push_is_reported_before_the_build() {
    let official = || "big/model".parse().unwrap();
    for guarded in ["acme/hotdog", "acme/hotdog-test", "big/model"] {
        let harness = Harness::new();
        let mut services = harness.services();
        services.publish.writer = Some(Arc::new(Guarded(guarded)));
        let plan = ModelPlan { official_model: Some(official()), ..harness.plan() };
        let models = vec![ModelRun::new(plan)];
        let report = run(models, Goal::Publish(&services), &options(), &harness.recorder, &harness.cancelled).await;
        assert_eq!((report.verdict, report.verdict.exit_code()), (Verdict::Misconfigured, 2), "{guarded}");
        let report = &report.models[0];
        assert_eq!(stages(report), NOTHING_AFTER_INSPECT, "{guarded}");
        let message = &error(report).0;
        assert!(
            message.contains(&format!("the CLI token may not push to {guarded}: the registry r8.im does not let 'acme'")),
            "{message}"
        );
        assert_eq!(error(report).1, "use the CLI token of a user who may write to the model");
        assert_eq!(harness.world.calls_of("build"), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn rights_that_are_not_needed_are_not_asked_for() {
    // A test publishes nothing, and a test model that is missing is going to be the account's own.
    for (guarded, publish) in [("acme/hotdog", PublishMode::TestOnly), ("acme/hotdog-test", PublishMode::Publish)] {
        let harness = Harness::new();
        if guarded == "acme/hotdog-test" {
            harness.world.remove_model(&test_model());
        }
        let mut services = harness.services();
        services.publish.writer = Some(Arc::new(Guarded(guarded)));
        let models = vec![ModelRun::new(ModelPlan { publish, ..harness.plan() })];
        let report = run(models, Goal::Publish(&services), &options(), &harness.recorder, &harness.cancelled).await;
        assert_eq!(stages(&report.models[0])[0], "inspect passed", "{guarded}");
    }
}

struct Selector(Option<ErrorKind>);

impl PrepareTree for Selector {
    fn prepare<'a>(&'a self, name: &'a str, _cancelled: &'a CancellationToken) -> BoxFuture<'a, Result<(), PrepareTreeError>> {
        Box::pin(async move {
            match self.0 {
                None => Ok(()),
                Some(kind) => Err(PrepareTreeError {
                    message: format!("script/select-model {name} failed"),
                    hint: Some("read it".to_owned()),
                    kind,
                }),
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_cannot_be_made_ready_stops_the_model() {
    let harness = Harness::new();
    let tree: Arc<dyn PrepareTree> = Arc::new(Selector(Some(ErrorKind::Request)));
    let model = ModelRun { prepare_tree: Some(tree), ..ModelRun::new(harness.plan()) };
    let report = harness.run_to(Last::Deploy, vec![model]).await;
    assert_eq!(error(&report.models[0]), ("script/select-model hotdog failed", "read it"));
    assert_eq!(report.verdict, Verdict::Misconfigured);
    let ready: Arc<dyn PrepareTree> = Arc::new(Selector(None));
    let model = ModelRun { prepare_tree: Some(ready), ..ModelRun::new(harness.plan()) };
    harness.run_to(Last::Deploy, vec![model]).await;
    assert_eq!(harness.world.calls_of("account").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_check_without_a_token_asks_nobody() {
    let harness = Harness::new();
    let services = CheckServices {
        replicate: None,
        clock: Arc::new(StillClock),
        tools: Tools::default(),
        has_judge: None,
        sees_videos: true,
        against: None,
    };
    let models = vec![ModelRun::new(harness.plan())];
    let report = run(models, Goal::Check(&services), &options(), &harness.recorder, &harness.cancelled).await;
    assert!(report.notices.iter().any(|notice| notice.contains("without an API token")));
    assert_eq!(harness.world.calls(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_check_with_a_token_looks_and_changes_nothing() {
    let harness = Harness::new();
    harness.world.remove_model(&test_model());
    let replicate = Arc::new(FakeReplicate(harness.world.clone()));
    let services = CheckServices {
        replicate: Some(replicate),
        clock: Arc::new(StillClock),
        tools: Tools::default(),
        has_judge: None,
        sees_videos: true,
        against: None,
    };
    let models = vec![ModelRun::new(ModelPlan { test_hardware: None, ..harness.plan() })];
    let report = run(models, Goal::Check(&services), &options(), &harness.recorder, &harness.cancelled).await;
    assert_eq!(harness.world.calls(), ["model acme/hotdog"], "a missing test model is not a check's concern");
    assert_eq!(report.notices, ["a notice"]);
}
