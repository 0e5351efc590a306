//! Push to the live model.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clients::ErrorKind;
use crate::clients::docker::{DockerError, PushDenial};
use crate::clients::replicate::ReplicateFailure;
use crate::domain::cleared::{Cleared, Replaced};
use crate::domain::events::EventKind;
use crate::domain::identity::VersionRef;
use crate::publish::testing::{BUILT, Hang, Recorder, World, layers_of, live_model, registry_down, schema, version_id};
use crate::publish::{PublishError, Published, VERSION_LIMIT, publish, publish_official};

async fn publish_in(world: &World) -> Result<Published, PublishError> {
    publish("hotdog", &world.cleared(), &world.services(), &Recorder::default(), &CancellationToken::new()).await
}

#[tokio::test(start_paused = true)]
async fn what_was_staged_is_pushed_to_the_live_model_with_the_same_layers() {
    let world = World::new();
    let published = publish_in(&world).await.unwrap();
    assert_eq!(published.version.model, live_model());
    assert_ne!(published.version.id, world.cleared().staged().version.id, "each model has a version id of its own");
    assert!(published.layers.holds());
    assert_eq!(published.layers.published, layers_of(&world.image().diff_ids));
    assert!(published.findings.is_empty());
    assert_eq!(
        world.calls(),
        [
            "model acme/hotdog",
            "derive_image r8.im/acme/hotdog:safe-push-<unique>",
            "push r8.im/acme/hotdog",
            "remove_image r8.im/acme/hotdog:safe-push-<unique>",
            "manifest acme/hotdog",
            "wait_for_version acme/hotdog",
            "versions acme/hotdog",
        ]
    );
    assert_eq!(world.names(), [BUILT]);
}

#[tokio::test(start_paused = true)]
async fn the_version_that_was_live_before_is_kept_for_a_rollback() {
    let world = World::new();
    let published = publish_in(&world).await.unwrap();
    assert_eq!(published.previous, Some(VersionRef { model: live_model(), id: version_id("live") }));
    let now = world.state().models[&live_model()].latest_version.clone().unwrap();
    assert_eq!(now.id, published.version.id);
}

#[tokio::test(start_paused = true)]
async fn a_first_version_has_no_rollback() {
    let world = World::new();
    world.state().models.get_mut(&live_model()).unwrap().latest_version = None;
    world.state().published.clear();
    assert_eq!(publish_in(&world).await.unwrap().previous, None);
}

#[tokio::test(start_paused = true)]
async fn the_version_is_reported_once_it_is_confirmed() {
    let world = World::new();
    let recorder = Recorder::default();
    let published = publish("hotdog", &world.cleared(), &world.services(), &recorder, &CancellationToken::new()).await.unwrap();
    assert_eq!(recorder.events().last(), Some(&EventKind::VersionReady(published.version)));
}

#[tokio::test(start_paused = true)]
async fn a_live_model_that_is_missing_is_reported_before_anything_is_pushed() {
    let world = World::new();
    world.remove_model(&live_model());
    let error = publish_in(&world).await.unwrap_err();
    insta::assert_snapshot!(error, @"the model acme/hotdog does not exist, or the API token cannot see it");
    insta::assert_snapshot!(error.hint().unwrap(), @"create acme/hotdog at https://replicate.com/create, use an API token of acme, or set test_only to publish nothing");
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(world.calls(), ["model acme/hotdog"]);
}

#[tokio::test(start_paused = true)]
async fn other_layers_in_the_registry_are_an_error_that_says_what_to_do() {
    let world = World::new();
    world.state().registry_repacks.insert("acme/hotdog".to_owned());
    let error = publish_in(&world).await.unwrap_err();
    let PublishError::LayersDiffer(published) = &error else { panic!("{error:?}") };
    assert!(!published.layers.holds());
    assert_eq!(published.previous.as_ref().unwrap().id, version_id("live"));
    assert_eq!(error.pushed(), Some(&published.version));
    assert_eq!(error.kind(), ErrorKind::Service);
    let finding = error.finding().unwrap();
    assert_eq!((finding.code.as_str(), finding.is_error()), ("SP702", true));
    assert_eq!(finding.message, format!("{} was published with other layers than those that were tested", published.version));
    assert!(finding.hint.unwrap().contains(&format!("make acme/hotdog:{} the version in use", version_id("live"))));
    assert_eq!(finding.details.iter().map(|(label, _)| label.as_str()).collect::<Vec<_>>(), ["tested", "published"]);
    assert_eq!(world.calls_of("wait_for_version"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_published_version_that_never_appears_is_named() {
    let world = World::new();
    world.state().versions_never_appear = true;
    let started = Instant::now();
    let error = publish_in(&world).await.unwrap_err();
    assert!(started.elapsed() < VERSION_LIMIT + Duration::from_secs(5));
    assert_eq!(error.pushed().map(|version| &version.model), Some(&live_model()));
    assert_eq!(error.kind(), ErrorKind::Service);
}

#[tokio::test(start_paused = true)]
async fn every_refused_push_has_a_hint_and_leaves_no_name() {
    for reason in [PushDenial::ModelUnknown, PushDenial::NotLoggedIn, PushDenial::NoWriteAccess, PushDenial::Forbidden] {
        let world = World::new();
        let repository = "r8.im/acme/hotdog".to_owned();
        world.fail_docker("push", DockerError::PushDenied { repository, reason, message: "denied".to_owned() });
        let error = publish_in(&world).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{reason:?}");
        assert!(error.hint().is_some(), "{reason:?}");
        assert_eq!(world.names(), [BUILT], "{reason:?}");
        assert_eq!(world.state().models[&live_model()].latest_version.as_ref().unwrap().id, version_id("live"));
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_during_the_push_publishes_nothing() {
    let world = World::new();
    world.hang("push", Hang::Politely);
    let cancelled = CancellationToken::new();
    let later = cancelled.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        later.cancel();
    });
    let started = Instant::now();
    let outcome = publish("hotdog", &world.cleared(), &world.services(), &Recorder::default(), &cancelled).await;
    assert!(matches!(outcome, Err(PublishError::Cancelled)), "{outcome:?}");
    assert!(started.elapsed() < Duration::from_secs(12));
    assert_eq!(world.names(), [BUILT]);
    assert!(world.state().manifests.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_does_not_answer_cannot_hold_up_the_end() {
    let world = World::new();
    world.hang("push", Hang::Politely);
    world.hang("remove_image", Hang::Stubbornly);
    let cancelled = CancellationToken::new();
    let later = cancelled.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        later.cancel();
    });
    let started = Instant::now();
    let outcome = publish("hotdog", &world.cleared(), &world.services(), &Recorder::default(), &cancelled).await;
    assert!(matches!(outcome, Err(PublishError::Cancelled)), "{outcome:?}");
    assert_eq!(world.calls_of("remove_image").len(), 1);
    assert!(started.elapsed() <= Duration::from_secs(11), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_cannot_be_asked_leaves_the_push_unconfirmed() {
    let world = World::new();
    world.fail_registry(registry_down());
    let error = publish_in(&world).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(error.pushed().map(|version| &version.model), Some(&live_model()));
    assert_eq!(world.names(), [BUILT]);
}

fn make_official(world: &World) {
    world.state().models.get_mut(&live_model()).unwrap().is_official = true;
}

#[tokio::test(start_paused = true)]
async fn an_official_model_is_confirmed_by_the_registry_alone() {
    let world = World::new();
    make_official(&world);
    let services = world.services();
    let published =
        publish_official("hotdog", &world.cleared(), &services, &Recorder::default(), &CancellationToken::new()).await.unwrap();
    assert!(published.layers.holds());
    assert_eq!(published.findings[0].code.as_str(), "SP704");
    assert_eq!(world.calls_of("wait_for_version"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_official_model_that_the_token_may_not_see_is_pushed_to_all_the_same() {
    let world = World::new();
    let cleared = world.cleared_against(live_model(), Replaced::Hidden);
    world.fail_replicate("model", ReplicateFailure::Forbidden { detail: "no".to_owned() });
    let services = world.services();
    let published = publish_official("hotdog", &cleared, &services, &Recorder::default(), &CancellationToken::new()).await.unwrap();
    assert_eq!(published.previous, None);
    assert!(published.layers.holds());
}

#[tokio::test(start_paused = true)]
async fn a_live_model_that_the_token_may_not_see_is_not_pushed_to() {
    let world = World::new();
    world.fail_replicate("model", ReplicateFailure::Forbidden { detail: "no".to_owned() });
    let error = publish_in(&world).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(world.calls_of("push"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_official_model_is_refused_by_the_registry() {
    let world = World::new();
    let cleared = world.cleared_for("big/model".parse().unwrap());
    let services = world.services();
    let error = publish_official("hotdog", &cleared, &services, &Recorder::default(), &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, PublishError::Docker(DockerError::PushDenied { .. })), "{error:?}");
}

/// Somebody else's version.
fn rival(world: &World) {
    world.add_version(&live_model(), "rival", Some(schema()));
}

async fn publish_cleared(world: &World, cleared: &Cleared) -> Result<Published, PublishError> {
    publish("hotdog", cleared, &world.services(), &Recorder::default(), &CancellationToken::new()).await
}

#[tokio::test(start_paused = true)]
async fn a_version_that_it_was_not_cleared_against_is_not_replaced() {
    let world = World::new();
    let cleared = world.cleared();
    rival(&world);
    let error = publish_cleared(&world, &cleared).await.unwrap_err();
    let PublishError::Moved(moved) = &error else { panic!("{error:?}") };
    assert_eq!((moved.now.clone(), moved.checked.clone()), (Some(version_id("rival")), Replaced::Version(version_id("live"))));
    assert_eq!(error.kind(), ErrorKind::Model);
    assert_eq!(world.calls_of("push"), [""; 0]);
    // Cleared again, it is.
    let again = cleared.replacing(moved.replaced(), &[], false).unwrap();
    assert_eq!(publish_cleared(&world, &again).await.unwrap().previous.unwrap().id, version_id("rival"));
}

#[tokio::test(start_paused = true)]
async fn a_first_version_of_somebody_else_and_a_version_that_is_gone_are_moves() {
    let world = World::new();
    world.state().models.get_mut(&live_model()).unwrap().latest_version = None;
    let first = world.cleared();
    assert_eq!(first.replaces(), &Replaced::Nothing);
    let against_live = world.cleared_against(live_model(), Replaced::Version(version_id("live")));
    assert!(matches!(publish_cleared(&world, &against_live).await, Err(PublishError::Moved(moved)) if moved.now.is_none()));
    rival(&world);
    assert!(matches!(publish_cleared(&world, &first).await, Err(PublishError::Moved(_))));
    assert_eq!(world.calls_of("push"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_official_model_that_moved_is_not_pushed_to() {
    let world = World::new();
    make_official(&world);
    let cleared = world.cleared();
    rival(&world);
    let services = world.services();
    let outcome = publish_official("hotdog", &cleared, &services, &Recorder::default(), &CancellationToken::new()).await;
    assert!(matches!(outcome, Err(PublishError::Moved(_))), "{outcome:?}");
    assert_eq!(world.calls_of("push"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_published_during_the_push_is_found() {
    let world = World::new();
    world.at("push r8.im/acme/hotdog", rival);
    let published = publish_in(&world).await.unwrap();
    let overwritten = published.overwritten.unwrap();
    assert_eq!((overwritten.now, overwritten.is_overwritten), (Some(version_id("rival")), true));
    assert_eq!(published.previous.unwrap().id, version_id("rival"), "the way back");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_published_right_after_is_reported() {
    let world = World::new();
    world.at("wait_for_version acme/hotdog", rival);
    let published = publish_in(&world).await.unwrap();
    assert_eq!(published.overwritten, None);
    assert_eq!(published.findings[0].code.as_str(), "SP707");
    assert!(published.findings[0].message.contains(version_id("rival").short()), "{}", published.findings[0].message);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_versions_that_cannot_be_read_leaves_the_push_unconfirmed() {
    let world = World::new();
    world.fail_replicate("versions", ReplicateFailure::Server { status: 500, retry_after: None, detail: String::new() });
    let error = publish_in(&world).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(error.pushed().map(|version| &version.model), Some(&live_model()));
}
