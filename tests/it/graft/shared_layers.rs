//! Layers that a build shares with the live version are in the test model's repository before the daemon pushes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use http::{Method, StatusCode};
use replicate_sandbox::{Fault, FaultEffect, MountFault};
use safe_push::clients::docker::{Derivation, DeriveImages, DockerError, ImageDetails, ImagePush, PushEvent, PushImages, Pushed};
use safe_push::clients::registry::{RealRegistry, RegistryWriter as _, StoredContent};
use safe_push::domain::cleared::BuiltImage;
use safe_push::domain::events::Silent;
use safe_push::domain::identity::ImageDigest;
use safe_push::publish::{PushDaemon, RelatedImage, StageImage, StageRequest, VERSION_LIMIT, stage};
use tokio_util::sync::CancellationToken;

use super::fixture::{Fixture, FullBuild, model};
use super::staging::services;
use crate::publish_within_registry::Stopped;

/// A daemon that takes note of the layers it does not have to send, and fails then.
struct Counting {
    registry: Arc<RealRegistry>,
    layers: Vec<ImageDigest>,
    diff_ids: Vec<ImageDigest>,
    asks_for_packed_layers: bool,
    present: AtomicUsize,
}

impl DeriveImages for Counting {
    fn derive_image<'a>(&'a self, _: &'a Derivation, _: &'a CancellationToken) -> BoxFuture<'a, Result<ImageDetails, DockerError>> {
        Box::pin(async move { Ok(ImageDetails { diff_ids: self.diff_ids.clone(), ..ImageDetails::default() }) })
    }
}

impl PushImages for Counting {
    fn push<'a>(
        &'a self,
        _: &'a ImagePush,
        _: &'a mut (dyn FnMut(PushEvent) + Send),
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Pushed, DockerError>> {
        Box::pin(async move {
            for layer in &self.layers {
                if self.registry.has_blob("acme/hotdog-test", layer).await.unwrap() {
                    self.present.fetch_add(1, Ordering::Relaxed);
                }
            }
            Err(DockerError::SocketMissing { host: "unix:///counted".to_owned() })
        })
    }

    fn asks_for_packed_layers<'a>(&'a self) -> BoxFuture<'a, bool> {
        Box::pin(async move { self.asks_for_packed_layers })
    }
}

/// Stages a build that shares all layers but the last with the live version. Returns how many of them the daemon does not send.
async fn present_at_push(fixture: &Fixture, asks_for_packed_layers: bool) -> usize {
    let version = fixture.full_build(&FullBuild::default()).await;
    let live = fixture.registry.stored("acme/hotdog", version.id.digest().as_str()).await.unwrap().unwrap();
    let StoredContent::Image(live) = live.content().unwrap() else { panic!("an index") };
    let config = fixture.registry.small_blob("acme/hotdog", &live.config).await.unwrap();
    let mut diff_ids = live.diff_ids(&serde_json::from_slice(&config).unwrap()).unwrap();
    *diff_ids.last_mut().unwrap() = format!("sha256:{}", "d".repeat(64)).parse().unwrap();
    let daemon = Arc::new(Counting {
        registry: Arc::clone(&fixture.registry),
        layers: live.layer_digests(),
        diff_ids: diff_ids.clone(),
        asks_for_packed_layers,
        present: AtomicUsize::new(0),
    });
    let mut services = services(fixture);
    services.daemon = Some(PushDaemon {
        derive: Arc::<Counting>::clone(&daemon),
        names: Arc::new(Stopped::default()),
        push: Arc::<Counting>::clone(&daemon),
    });
    let image = BuiltImage {
        reference: "hotdog".to_owned(),
        id: "sha256:1".to_owned(),
        diff_ids,
        push_labels: std::collections::BTreeMap::new(),
    };
    let missing = RelatedImage::named(&format!("{}/cog-base:python3.12", services.registry_host), &services.registry_host).unwrap();
    let request = StageRequest {
        name: "hotdog",
        image: StageImage::Built(&image),
        related: &[missing, RelatedImage::newest(&model("hotdog")), RelatedImage::newest(&model("hotdog-test"))],
        model: &model("hotdog-test"),
        hardware: None,
        may_be_public: false,
        version_limit: VERSION_LIMIT,
    };
    let sent = fixture.sandbox.uploaded_bytes();
    let error = stage(&request, &services, &Silent, &CancellationToken::new()).await.unwrap_err();
    assert!(error.to_string().contains("unix:///counted"), "{error}");
    assert_eq!(fixture.sandbox.uploaded_bytes(), sent, "mounts send nothing");
    daemon.present.load(Ordering::Relaxed)
}

#[tokio::test]
async fn layers_of_the_live_version_are_mounted_for_a_daemon_that_asks_for_them() {
    let fixture = Fixture::new().await;
    assert_eq!(present_at_push(&fixture, true).await, 4, "all but the one that changed");
    assert_eq!(fixture.sandbox.mounted_blobs(), 4);
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn a_daemon_that_does_not_ask_gets_nothing_mounted() {
    let fixture = Fixture::new().await;
    assert_eq!(present_at_push(&fixture, false).await, 0);
    assert_eq!(fixture.sandbox.mounted_blobs(), 0);
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn a_registry_that_does_not_mount_leaves_everything_to_the_daemon() {
    let fixture = Fixture::new().await;
    fixture.sandbox.fail_mounts(MountFault::Refused, 4);
    assert_eq!(present_at_push(&fixture, true).await, 0);
    fixture.sandbox.stop().await;
    let fixture = Fixture::new().await;
    let refuse = FaultEffect::Status(StatusCode::FORBIDDEN);
    fixture.sandbox.inject(Fault::next(100, refuse).on(Method::POST, "/v2/acme/hotdog-test/blobs/uploads/"));
    assert_eq!(present_at_push(&fixture, true).await, 0);
    fixture.sandbox.stop().await;
}
