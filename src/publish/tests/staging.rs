//! Push to the test model.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clients::ErrorKind;
use crate::clients::docker::{DockerError, PushDenial};
use crate::clients::replicate::{ReplicateFailure, Visibility};
use crate::domain::events::{EventKind, LayerOutcome};
use crate::publish::testing::{BUILT, Hang, Recorder, World, layers_of, test_model};
use crate::publish::{PublishError, StageImage, StageRequest, StagedVersion, VERSION_LIMIT, stage};

async fn stage_with(
    world: &World,
    hardware: Option<&str>,
    observer: &Recorder,
    cancelled: &CancellationToken,
) -> Result<StagedVersion, PublishError> {
    let image = world.image();
    let model = test_model();
    let request = StageRequest {
        name: "hotdog",
        image: StageImage::Built(&image),
        related: &[],
        model: &model,
        hardware,
        may_be_public: false,
        version_limit: VERSION_LIMIT,
    };
    stage(&request, &world.services(), observer, cancelled).await
}

async fn stage_in(world: &World) -> Result<StagedVersion, PublishError> {
    stage_with(world, Some("cpu"), &Recorder::default(), &CancellationToken::new()).await
}

#[tokio::test(start_paused = true)]
async fn an_image_becomes_a_version_that_is_addressed_by_its_digest() {
    let world = World::new();
    let staged = stage_in(&world).await.unwrap().staged;
    assert_eq!(staged.version.model, test_model());
    assert_eq!(staged.layers, layers_of(&world.image().diff_ids));
    assert_eq!(staged.image, Some(world.image()));
    let manifests: Vec<_> = world.state().manifests.keys().cloned().collect();
    let [(repository, digest)] = manifests.as_slice() else { panic!("{manifests:?}") };
    assert_eq!((repository.as_str(), digest.version_id()), ("acme/hotdog-test", staged.version.id.clone()));
    assert_eq!(
        world.calls(),
        [
            "model acme/hotdog-test",
            "derive_image r8.im/acme/hotdog-test:safe-push-<unique>",
            "push r8.im/acme/hotdog-test",
            "remove_image r8.im/acme/hotdog-test:safe-push-<unique>",
            "manifest acme/hotdog-test",
            "wait_for_version acme/hotdog-test",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_image_staged_twice_makes_two_versions() {
    let world = World::new();
    let (first, second) = (stage_in(&world).await.unwrap().staged, stage_in(&world).await.unwrap().staged);
    assert_ne!(first.version.id, second.version.id);
    assert_eq!(first.layers, second.layers);
}

#[tokio::test(start_paused = true)]
async fn the_pushed_image_keeps_its_labels_and_gains_a_push_id() {
    let world = World::new();
    world.hang("push", Hang::Politely);
    let cancelled = CancellationToken::new();
    let recorder = Recorder::default();
    let staging = stage_with(&world, None, &recorder, &cancelled);
    let look = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let state = world.state();
        let (_, image) = state.images.iter().find(|(name, _)| name.starts_with("r8.im/")).unwrap();
        assert_eq!(image.labels["run.cog.version"], "0.22.0");
        let push_id: uuid::Uuid = image.labels["run.cog.push_id"].parse().unwrap();
        assert_eq!(push_id.get_version_num(), 7);
        cancelled.cancel();
    };
    let (staged, ()) = tokio::join!(staging, look);
    assert!(matches!(staged, Err(PublishError::Cancelled)));
}

#[tokio::test(start_paused = true)]
async fn progress_and_the_version_are_reported() {
    let world = World::new();
    let recorder = Recorder::default();
    let staged = stage_with(&world, None, &recorder, &CancellationToken::new()).await.unwrap();
    assert_eq!(
        recorder.events(),
        [
            EventKind::PushProgress { sent_bytes: 5, total_bytes: 10 },
            EventKind::PushRepeated { reason: "502 Bad Gateway".to_owned(), wait: Duration::from_secs(2) },
            EventKind::PushProgress { sent_bytes: 10, total_bytes: 10 },
            EventKind::LayerPushed { outcome: LayerOutcome::Sent, done: 1, layers: 1 },
            EventKind::VersionReady(staged.staged.version),
        ]
    );
    assert_eq!(recorder.models(), [Some("hotdog".to_owned())].into());
}

#[tokio::test(start_paused = true)]
async fn a_missing_test_model_is_made_private_on_the_named_hardware() {
    let world = World::new();
    world.remove_model(&test_model());
    let staged = stage_in(&world).await.unwrap();
    assert!(staged.model_created);
    assert_eq!(world.calls_of("create_model"), ["create_model acme/hotdog-test on cpu"]);
    assert_eq!(world.state().models[&test_model()].visibility, Visibility::Private);
}

#[tokio::test(start_paused = true)]
async fn a_test_model_that_is_there_needs_no_hardware() {
    let world = World::new();
    let staged = stage_with(&world, None, &Recorder::default(), &CancellationToken::new()).await.unwrap();
    assert!(!staged.model_created);
    assert!(staged.findings.is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_hardware_a_missing_test_model_is_an_error_with_a_hint() {
    let world = World::new();
    world.remove_model(&test_model());
    let error = stage_with(&world, None, &Recorder::default(), &CancellationToken::new()).await.unwrap_err();
    insta::assert_snapshot!(error, @"the test model acme/hotdog-test does not exist, and no hardware is named to create it on");
    insta::assert_snapshot!(error.hint().unwrap(), @"set test_hardware (a SKU such as cpu or gpu-l40s) and the model is made, or create acme/hotdog-test as a private model at https://replicate.com/create");
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(world.calls_of("push"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_test_model_of_another_account_is_not_made() {
    let world = World::new();
    let image = world.image();
    let model = "other/hotdog-test".parse().unwrap();
    let request = StageRequest {
        name: "hotdog",
        image: StageImage::Built(&image),
        related: &[],
        model: &model,
        hardware: Some("cpu"),
        may_be_public: false,
        version_limit: VERSION_LIMIT,
    };
    let error = stage(&request, &world.services(), &Recorder::default(), &CancellationToken::new()).await.unwrap_err();
    insta::assert_snapshot!(error, @"the test model other/hotdog-test does not exist, and the API token of 'acme' cannot create it");
    insta::assert_snapshot!(error.hint().unwrap(), @"a token can only create models of its own account: set test_model to acme/hotdog-test, or use an API token of other");
    assert_eq!(world.calls_of("create_model"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn hardware_that_the_account_does_not_have_is_the_requests_fault() {
    let world = World::new();
    world.remove_model(&test_model());
    let detail = "hardware: gpu-t4 is not a valid hardware SKU. Your options are: cpu".to_owned();
    world.fail_replicate("create_model", ReplicateFailure::InvalidInput { fields: Vec::new(), detail });
    let error = stage_in(&world).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(world.calls_of("push"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_public_test_model_is_refused_and_worth_a_warning_when_it_is_asked_for() {
    let world = World::new();
    world.add_model(&test_model(), Visibility::Public);
    assert!(matches!(stage_in(&world).await, Err(PublishError::PublicTestModel { .. })));
    assert_eq!(world.calls_of("push"), [""; 0]);
    let (image, model) = (world.image(), test_model());
    let request = StageRequest {
        name: "hotdog",
        image: StageImage::Built(&image),
        related: &[],
        model: &model,
        hardware: None,
        may_be_public: true,
        version_limit: VERSION_LIMIT,
    };
    let staged = stage(&request, &world.services(), &Recorder::default(), &CancellationToken::new()).await;
    let findings = staged.unwrap().findings;
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].code.as_str(), findings[0].is_error()), ("SP701", false));
}

#[tokio::test(start_paused = true)]
async fn a_version_may_take_its_time_to_appear() {
    let world = World::new();
    world.state().versions_appear_after = Duration::from_secs(90);
    let started = Instant::now();
    stage_in(&world).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(90));
}

#[tokio::test(start_paused = true)]
async fn a_version_that_never_appears_is_the_services_fault() {
    let world = World::new();
    world.state().versions_never_appear = true;
    let started = Instant::now();
    let error = stage_in(&world).await.unwrap_err();
    assert!(started.elapsed() < VERSION_LIMIT + Duration::from_secs(5));
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(error.pushed().is_some());
    assert!(error.to_string().ends_with("was pushed, but could not be confirmed"), "{error}");
    insta::assert_snapshot!(error.hint().unwrap(), @"see https://www.replicatestatus.com, and run again: layers that arrived are not sent twice");
}

#[tokio::test(start_paused = true)]
async fn what_the_registry_does_not_have_is_not_staged() {
    let world = World::new();
    world.state().registry_loses = true;
    let error = stage_in(&world).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.starts_with("the registry does not have the manifest sha256:"), "{source}");
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(world.calls_of("wait_for_version"), [""; 0]);
    assert!(world.calls_of("manifest").len() > 5, "it is given some time");
}

#[tokio::test(start_paused = true)]
async fn a_denied_push_says_why_and_leaves_no_name() {
    let world = World::new();
    let denied = DockerError::PushDenied {
        repository: "r8.im/acme/hotdog-test".to_owned(),
        reason: PushDenial::NotLoggedIn,
        message: "unauthorized: You are not logged in to Replicate".to_owned(),
    };
    world.fail_docker("push", denied);
    let error = stage_in(&world).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(error.hint().unwrap().contains("COG_TOKEN"));
    assert_eq!(error.pushed(), None);
    assert_eq!(world.names(), [BUILT]);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_down_is_the_services_fault() {
    let world = World::new();
    let down = DockerError::RegistryUnavailable { attempted: "push".to_owned(), message: "502 Bad Gateway".to_owned() };
    world.fail_docker("push", down);
    assert_eq!(stage_in(&world).await.unwrap_err().kind(), ErrorKind::Service);
    assert_eq!(world.names(), [BUILT]);
}

#[tokio::test(start_paused = true)]
async fn layers_that_change_in_the_daemon_are_never_pushed() {
    let world = World::new();
    let mut image = world.image();
    image.diff_ids.pop();
    let model = test_model();
    let request = StageRequest {
        name: "hotdog",
        image: StageImage::Built(&image),
        related: &[],
        model: &model,
        hardware: None,
        may_be_public: false,
        version_limit: VERSION_LIMIT,
    };
    let error = stage(&request, &world.services(), &Recorder::default(), &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, PublishError::Docker(DockerError::LayersChanged { .. })), "{error:?}");
    assert_eq!(world.calls_of("push"), [""; 0]);
    assert_eq!(world.names(), [BUILT]);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_cannot_be_removed_does_not_fail_the_push() {
    let world = World::new();
    let in_use = DockerError::InUse { attempted: "remove".to_owned(), message: "conflict".to_owned() };
    world.fail_docker("remove_image", in_use);
    assert!(stage_in(&world).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn cancelling_stops_at_every_call_and_leaves_no_name() {
    for call in ["model", "account", "create_model", "derive_image", "push", "manifest", "wait_for_version"] {
        let world = World::new();
        world.remove_model(&test_model());
        world.hang(call, Hang::Politely);
        let cancelled = CancellationToken::new();
        let later = cancelled.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(10)).await;
            later.cancel();
        });
        let started = Instant::now();
        let error = stage_with(&world, Some("cpu"), &Recorder::default(), &cancelled).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{call}: {error:?}");
        assert!(started.elapsed() < Duration::from_secs(12), "{call}: {:?}", started.elapsed());
        assert_eq!(world.names(), [BUILT], "{call}");
        assert_eq!(error.pushed().is_some(), matches!(call, "manifest" | "wait_for_version"), "{call}");
    }
}
