//! Publishing within a registry, against the sandbox's: no daemon takes part, and no failure leaves half a version or a wrong one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::BoxFuture;
use replicate_sandbox::{
    Fault, FaultEffect, MountFault, RequestRecord, Sandbox, SandboxOptions, UploadFault, VersionTags, Visibility,
};
use reqwest::{Method, StatusCode};
use safe_push::clients::ErrorKind;
use safe_push::clients::docker::{
    Derivation, DeriveImages, DockerError, ImageDetails, ImagePush, NameImages, PushEvent, PushImages, Pushed, RegistryCredentials,
};
use safe_push::clients::registry::{
    Blob, FileBlob, Mount, RealRegistry, RegistryError, RegistryOptions, RegistryWriter, StoredManifest,
};
use safe_push::clients::replicate::{RealReplicate, ReplicateOptions};
use safe_push::domain::cleared::{Cleared, Replaced, Staged, Verified};
use safe_push::domain::events::{Event, EventKind, Observer};
use safe_push::domain::identity::{ImageDigest, ModelRef, VersionRef};
use safe_push::domain::report::PublishRoute;
use safe_push::publish::{PublishError, PublishServices, Published, PushDaemon, check_rights, publish};
use safe_push::support::clock::SystemClock;
use safe_push::support::retry::RetryPolicy;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::registry_image::put_image;

const GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const QUICK: RetryPolicy = RetryPolicy { retries: 4, first_wait: Duration::from_millis(1), longest_wait: Duration::from_millis(5) };

/// A daemon that was stopped after staging. It counts who asks.
#[derive(Default)]
pub(crate) struct Stopped(AtomicUsize);

impl Stopped {
    fn refuse<T>(&self) -> Result<T, DockerError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(DockerError::SocketMissing { host: "unix:///stopped".to_owned() })
    }
}

impl DeriveImages for Stopped {
    fn derive_image<'a>(&'a self, _: &'a Derivation, _: &'a CancellationToken) -> BoxFuture<'a, Result<ImageDetails, DockerError>> {
        Box::pin(async move { self.refuse() })
    }
}

impl NameImages for Stopped {
    fn tag_image<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), DockerError>> {
        Box::pin(async move { self.refuse() })
    }

    fn remove_image<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), DockerError>> {
        Box::pin(async move { Ok(()) })
    }
}

impl PushImages for Stopped {
    fn push<'a>(
        &'a self,
        _: &'a ImagePush,
        _: &'a mut (dyn FnMut(PushEvent) + Send),
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Pushed, DockerError>> {
        Box::pin(async move { self.refuse() })
    }
}

#[derive(Default)]
struct Notices(Mutex<Vec<String>>);

impl Observer for Notices {
    fn observe(&self, event: Event) {
        if let EventKind::Notice(text) = event.kind {
            self.0.lock().unwrap().push(text);
        }
    }
}

/// A daemon whose push is interrupted after its manifest has arrived.
struct CutOff {
    registry: Arc<RealRegistry>,
    arrives: StoredManifest,
}

impl DeriveImages for CutOff {
    fn derive_image<'a>(&'a self, _: &'a Derivation, _: &'a CancellationToken) -> BoxFuture<'a, Result<ImageDetails, DockerError>> {
        Box::pin(async move { Ok(ImageDetails::default()) })
    }
}

impl PushImages for CutOff {
    fn push<'a>(
        &'a self,
        push: &'a ImagePush,
        _: &'a mut (dyn FnMut(PushEvent) + Send),
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Pushed, DockerError>> {
        Box::pin(async move {
            self.registry.put_manifest("acme/hotdog", &push.tag, &self.arrives).await.unwrap();
            cancelled.cancel();
            Err(DockerError::Cancelled)
        })
    }
}

/// A registry that takes a manifest and calls it by another digest, as a proxy that changes it would.
struct Renaming {
    registry: Arc<RealRegistry>,
    stored: String,
    puts: AtomicUsize,
}

impl RegistryWriter for Renaming {
    fn stored<'a>(
        &'a self,
        repository: &'a str,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredManifest>, RegistryError>> {
        self.registry.stored(repository, reference)
    }

    fn small_blob<'a>(&'a self, repository: &'a str, blob: &'a Blob) -> BoxFuture<'a, Result<Bytes, RegistryError>> {
        self.registry.small_blob(repository, blob)
    }

    fn has_blob<'a>(&'a self, repository: &'a str, digest: &'a ImageDigest) -> BoxFuture<'a, Result<bool, RegistryError>> {
        self.registry.has_blob(repository, digest)
    }

    fn mount<'a>(&'a self, to: &'a str, from: &'a str, digest: &'a ImageDigest) -> BoxFuture<'a, Mount> {
        self.registry.mount(to, from, digest)
    }

    fn copy_blob<'a>(
        &'a self,
        to: &'a str,
        from: &'a str,
        blob: &'a Blob,
        sent: &'a (dyn Fn(u64) + Send + Sync),
    ) -> BoxFuture<'a, Result<(), RegistryError>> {
        self.registry.copy_blob(to, from, blob, sent)
    }

    fn put_blob<'a>(&'a self, repository: &'a str, content: Bytes) -> BoxFuture<'a, Result<Blob, RegistryError>> {
        self.registry.put_blob(repository, content)
    }

    fn put_file<'a>(
        &'a self,
        repository: &'a str,
        blob: &'a FileBlob,
        sent: &'a (dyn Fn(u64) + Send + Sync),
    ) -> BoxFuture<'a, Result<(), RegistryError>> {
        self.registry.put_file(repository, blob, sent)
    }

    fn put_manifest<'a>(
        &'a self,
        repository: &'a str,
        _: &'a str,
        manifest: &'a StoredManifest,
    ) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(async move {
            self.puts.fetch_add(1, Ordering::Relaxed);
            Err(RegistryError::OtherManifest {
                host: "r8.im".to_owned(),
                repository: repository.to_owned(),
                sent: manifest.digest.clone(),
                stored: self.stored.clone(),
            })
        })
    }

    fn check_push<'a>(&'a self, repository: &'a str) -> BoxFuture<'a, Result<(), RegistryError>> {
        self.registry.check_push(repository)
    }
}

struct Fixture {
    sandbox: Sandbox,
    registry: Arc<RealRegistry>,
    services: PublishServices,
    daemon: Arc<Stopped>,
    staged: Staged,
    notices: Notices,
}

fn model(name: &str) -> ModelRef {
    format!("acme/{name}").parse().unwrap()
}

impl Fixture {
    /// A staged version of two small layers.
    async fn new() -> Self {
        Self::with(SandboxOptions::default(), &[vec![1; 3000], vec![2; 5000]], GZIP).await
    }

    async fn with(options: SandboxOptions, layers: &[Vec<u8>], media_type: &str) -> Self {
        let sandbox = Sandbox::start(SandboxOptions { username: "acme".to_owned(), docker: false, ..options }).await.unwrap();
        for name in ["hotdog", "hotdog-test"] {
            sandbox.create_model(name, Visibility::Private, "cpu").unwrap();
        }
        let host = sandbox.registry_host().to_owned();
        let credentials =
            RegistryCredentials { host: host.clone(), username: "acme".to_owned(), password: sandbox.cli_token().clone() };
        let options = RegistryOptions { retry: QUICK, ..RegistryOptions::new(host.clone(), Some(credentials.clone())) };
        let registry = Arc::new(RealRegistry::new(options).unwrap());
        let options = ReplicateOptions::new(sandbox.api_url().as_str().parse().unwrap(), sandbox.api_token().clone());
        let daemon = Arc::new(Stopped::default());
        let services = PublishServices {
            daemon: Some(PushDaemon {
                derive: Arc::<Stopped>::clone(&daemon),
                names: Arc::<Stopped>::clone(&daemon),
                push: Arc::<Stopped>::clone(&daemon),
            }),
            registry: Arc::<RealRegistry>::clone(&registry),
            writer: Some(Arc::<RealRegistry>::clone(&registry)),
            replicate: Arc::new(RealReplicate::new(options, Arc::new(SystemClock)).unwrap()),
            registry_host: host,
            credentials,
        };
        let staged = stage(&registry, layers, media_type).await;
        Self { sandbox, registry, services, daemon, staged, notices: Notices::default() }
    }

    fn cleared(&self) -> Cleared {
        Verified::new(self.staged.clone(), Vec::new(), Vec::new()).clear(model("hotdog"), Replaced::Hidden).unwrap()
    }

    async fn publish(&self) -> Result<Published, PublishError> {
        publish("hotdog", &self.cleared(), &self.services, &self.notices, &CancellationToken::new()).await
    }

    /// A publication that is cancelled after this time, and how long it took.
    async fn publish_and_cancel(&self, after: Duration) -> (Result<Published, PublishError>, Duration) {
        let (cancelled, started, cleared) = (CancellationToken::new(), Instant::now(), self.cleared());
        let publishing = publish("hotdog", &cleared, &self.services, &self.notices, &cancelled);
        let cancelling = async {
            tokio::time::sleep(after).await;
            cancelled.cancel();
        };
        let (outcome, ()) = tokio::join!(publishing, cancelling);
        (outcome, started.elapsed())
    }

    fn version_ids(&self) -> Vec<String> {
        self.sandbox.versions("hotdog").into_iter().map(|version| version.id).collect()
    }

    /// The manifest and the configuration of a published version, read back.
    async fn read(&self, reference: &str) -> (Value, Value) {
        let stored = self.registry.stored("acme/hotdog", reference).await.unwrap().unwrap();
        let manifest: Value = serde_json::from_slice(&stored.bytes).unwrap();
        let blob = Blob {
            digest: manifest["config"]["digest"].as_str().unwrap().parse().unwrap(),
            size_bytes: manifest["config"]["size"].as_u64().unwrap(),
        };
        let config = self.registry.small_blob("acme/hotdog", &blob).await.unwrap();
        (manifest, serde_json::from_slice(&config).unwrap())
    }

    /// What is true of every publication that succeeded: one version, whole, with the tested layers, under `latest` too.
    async fn assert_published(&self, published: &Published, what: &str) {
        assert!(published.layers.holds(), "{what}");
        assert_eq!(published.layers.published, self.staged.layers, "{what}");
        let versions = self.sandbox.versions("hotdog");
        assert_eq!(
            versions.iter().map(|version| version.id.as_str()).collect::<Vec<_>>(),
            [published.version.id.as_str()],
            "{what}"
        );
        assert_eq!(versions[0].cog_version.as_deref(), Some("0.22.0"), "{what}");
        for layer in &self.staged.layers {
            assert!(self.registry.has_blob("acme/hotdog", layer).await.unwrap(), "{what}");
        }
        let latest = self.registry.stored("acme/hotdog", "latest").await.unwrap().unwrap();
        assert_eq!(latest.digest.version_id(), published.version.id, "{what}");
        assert_eq!(self.daemon.0.load(Ordering::Relaxed), 0, "{what}: the daemon was asked");
    }
}

/// Puts an image into the test model's repository, and says what a stage would.
async fn stage(registry: &RealRegistry, layers: &[Vec<u8>], media_type: &str) -> Staged {
    let labels = json!({ "run.cog.version": "0.22.0", "run.cog.push_id": "staged", "run.cog.openapi_schema": "{}" });
    let (manifest, layers) = put_image(registry, "acme/hotdog-test", &labels, layers, media_type).await;
    let version = VersionRef { model: model("hotdog-test"), id: manifest.digest.version_id() };
    let image = ImageDetails { id: "sha256:built".to_owned(), ..ImageDetails::default() }.into_built("built");
    Staged { version, image: Some(image), layers }
}

#[tokio::test]
async fn a_version_is_published_with_the_daemon_stopped_and_no_layer_sent() {
    let fixture = Fixture::new().await;
    let (sent, asked) = (fixture.sandbox.uploaded_bytes(), fixture.sandbox.requests().len());
    let published = fixture.publish().await.unwrap();
    let transfer = &published.transfer;
    assert_eq!((transfer.route, transfer.mounted, transfer.streamed, transfer.present), (PublishRoute::Mounted, 2, 0, 0));
    assert_eq!((transfer.sent_bytes, &transfer.reason), (0, &None));
    let sent = fixture.sandbox.uploaded_bytes() - sent;
    assert!(sent < 2000, "only the configuration is sent: {sent} bytes");
    let asked = fixture.sandbox.requests().len() - asked;
    assert!(asked < 20, "{asked} requests");
    fixture.assert_published(&published, "").await;

    let (manifest, config) = fixture.read("latest").await;
    assert_eq!(config["moby.extra"], json!([1, 2]), "fields that nobody knows are kept");
    assert_ne!(config["config"]["Labels"]["run.cog.push_id"], "staged");
    assert_eq!(config["config"]["Labels"]["run.cog.openapi_schema"], "{}");
    assert_eq!(manifest["layers"][0]["mediaType"], GZIP);
    assert_eq!(fixture.sandbox.mounted_blobs(), 2);

    let again = fixture.publish().await.unwrap();
    assert_ne!(again.version.id, published.version.id, "each push is a version of its own");
    assert_eq!((again.transfer.present, again.transfer.mounted), (2, 0));
    assert_eq!(again.previous, Some(published.version));
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn mounts_that_are_refused_or_promise_too_much_are_replaced_by_streams() {
    for fault in [MountFault::Refused, MountFault::Forgotten, MountFault::Unusable] {
        let fixture = Fixture::new().await;
        fixture.sandbox.fail_mounts(fault, 2);
        let published = fixture.publish().await.unwrap();
        let transfer = &published.transfer;
        assert_eq!((transfer.route, transfer.streamed, transfer.mounted), (PublishRoute::Streamed, 2, 0), "{fault:?}");
        assert_eq!(transfer.sent_bytes, 8000, "{fault:?}");
        assert!(transfer.reason.as_ref().is_some_and(|reason| reason.contains("mount")), "{fault:?}: {transfer:?}");
        fixture.assert_published(&published, &format!("{fault:?}")).await;
        fixture.sandbox.stop().await;
    }
    // One of two: the other is mounted.
    let fixture = Fixture::new().await;
    fixture.sandbox.fail_mounts(MountFault::Refused, 1);
    let transfer = fixture.publish().await.unwrap().transfer;
    assert_eq!((transfer.route, transfer.streamed, transfer.mounted), (PublishRoute::Streamed, 1, 1));
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn statuses_that_registries_refuse_mounts_with_lead_to_a_stream() {
    // A mount is tried three times if the status may be temporary.
    for (status, times) in [(404, 1), (405, 1), (403, 1), (500, 3), (502, 3)] {
        let fixture = Fixture::with(SandboxOptions::default(), &[vec![7; 4000]], GZIP).await;
        let effect = FaultEffect::Status(StatusCode::from_u16(status).unwrap());
        fixture.sandbox.inject(Fault::next(times, effect).exactly(Method::POST, "/v2/acme/hotdog/blobs/uploads/"));
        let published = fixture.publish().await.unwrap();
        assert_eq!(published.transfer.route, PublishRoute::Streamed, "{status}");
        let reason = published.transfer.reason.clone().unwrap();
        assert!(reason.contains(&status.to_string()) || status == 403, "{status}: {reason}");
        fixture.assert_published(&published, &status.to_string()).await;
        fixture.sandbox.stop().await;
    }
}

#[tokio::test]
async fn a_fault_anywhere_leaves_one_whole_version() {
    let effects = [
        FaultEffect::Status(StatusCode::BAD_GATEWAY),
        FaultEffect::Status(StatusCode::UNAUTHORIZED),
        FaultEffect::DropBefore,
        FaultEffect::DropAfter,
        FaultEffect::CutBody(10),
    ];
    let requests = [
        (Method::GET, "/v2/acme/hotdog-test/manifests/"),
        (Method::GET, "/v2/acme/hotdog-test/blobs/"),
        (Method::HEAD, "/v2/acme/hotdog/blobs/"),
        (Method::POST, "/v2/acme/hotdog/blobs/uploads/"),
        (Method::PUT, "/v2/acme/hotdog/blobs/uploads/"),
        (Method::PUT, "/v2/acme/hotdog/manifests/"),
        (Method::GET, "/v2/acme/hotdog/manifests/"),
    ];
    for effect in &effects {
        for (method, path) in &requests {
            let what = format!("{effect:?} of {method} {path}");
            let fixture = Fixture::new().await;
            // Two of a kind, and the second layer is streamed.
            let times = if matches!(effect, FaultEffect::Status(StatusCode::UNAUTHORIZED)) { 1 } else { 2 };
            fixture.sandbox.fail_mounts(MountFault::Refused, 1);
            fixture.sandbox.inject(Fault::next(times, effect.clone()).on(method.clone(), *path));
            let published = fixture.publish().await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            fixture.sandbox.clear_faults();
            fixture.assert_published(&published, &what).await;
            fixture.sandbox.stop().await;
        }
    }
}

#[tokio::test]
async fn a_large_layer_that_is_cut_in_the_middle_of_both_ways_arrives_whole() {
    // More than one piece, and a last one that is not full.
    let layer: Vec<u8> =
        (0..20_000_003_u32).map(|number| u8::try_from(number.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    let fixture = Fixture::with(SandboxOptions::default(), &[layer], GZIP).await;
    fixture.sandbox.fail_mounts(MountFault::Refused, 1);
    fixture.sandbox.fail_uploads(UploadFault::CutOff, 1);
    // The configuration is read first, whole and far below the cut.
    fixture.sandbox.inject(Fault::next(3, FaultEffect::CutBody(5_000_000)).on(Method::GET, "/v2/acme/hotdog-test/blobs/"));
    let published = fixture.publish().await.unwrap();
    fixture.sandbox.clear_faults();
    fixture.assert_published(&published, "cut").await;
    assert_eq!(published.transfer.streamed, 1);
    let continued =
        fixture.sandbox.requests().iter().any(|request| request.method == Method::GET && request.path.contains("/uploads/"));
    assert!(continued, "the registry is asked how far it got");
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn an_outage_at_the_manifest_publishes_nothing_and_a_rerun_succeeds() {
    let fixture = Fixture::new().await;
    fixture
        .sandbox
        .inject(Fault::next(100, FaultEffect::Status(StatusCode::BAD_GATEWAY)).on(Method::PUT, "/v2/acme/hotdog/manifests/"));
    let error = fixture.publish().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service, "{error:?}");
    assert!(error.to_string().contains("502"), "{error}");
    assert!(fixture.sandbox.versions("hotdog").is_empty());
    assert_eq!(
        fixture.daemon.0.load(Ordering::Relaxed),
        0,
        "whether the manifest arrived is unknown, so nobody pushes a second one"
    );
    fixture.sandbox.clear_faults();
    let published = fixture.publish().await.unwrap();
    fixture.assert_published(&published, "rerun").await;
    assert_eq!(published.transfer.present, 2, "what arrived is not brought again");
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn cancelling_while_the_manifest_is_on_its_way_names_the_version_that_it_makes() {
    let fixture = Fixture::new().await;
    let slow = Fault::next(1, FaultEffect::Delay(Duration::from_millis(1500)));
    fixture.sandbox.inject(slow.on(Method::PUT, "/v2/acme/hotdog/manifests/"));
    let (outcome, took) = fixture.publish_and_cancel(Duration::from_millis(700)).await;
    let error = outcome.unwrap_err();
    assert_eq!(fixture.version_ids(), [error.pushed().unwrap_or_else(|| panic!("{error:?}")).id.to_string()]);
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
    assert!(took < Duration::from_secs(4), "{took:?}");
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn cancelling_waits_no_longer_than_a_stage_may_and_names_the_version_that_may_exist() {
    let fixture = Fixture::new().await;
    let stuck = Fault::next(9, FaultEffect::Delay(Duration::from_secs(60)));
    fixture.sandbox.inject(stuck.on(Method::PUT, "/v2/acme/hotdog/manifests/"));
    let (outcome, took) = fixture.publish_and_cancel(Duration::from_millis(700)).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, PublishError::Unanswered { .. }), "{error:?}");
    assert_eq!(error.pushed().map(|version| &version.model), Some(&model("hotdog")));
    assert!(error.hint().unwrap().contains("https://replicate.com/acme/hotdog/versions"));
    assert!(took < Duration::from_secs(4), "{took:?}");
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn cancelling_before_the_manifest_publishes_nothing() {
    let fixture = Fixture::new().await;
    let slow = Fault::next(9, FaultEffect::Delay(Duration::from_secs(60)));
    fixture.sandbox.inject(slow.on(Method::POST, "/v2/acme/hotdog/blobs/uploads/"));
    let (outcome, took) = fixture.publish_and_cancel(Duration::from_millis(300)).await;
    assert!(matches!(outcome, Err(PublishError::Cancelled)), "{outcome:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(fixture.version_ids(), [""; 0]);
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_lost_for_good_names_the_version_that_may_exist() {
    let fixture = Fixture::new().await;
    fixture.sandbox.inject(Fault::next(100, FaultEffect::DropAfter).on(Method::PUT, "/v2/acme/hotdog/manifests/"));
    let gone = Fault::next(100, FaultEffect::Status(StatusCode::BAD_GATEWAY));
    fixture.sandbox.inject(gone.on(Method::GET, "/v2/acme/hotdog/manifests/"));
    let error = fixture.publish().await.unwrap_err();
    assert!(matches!(error, PublishError::Unanswered { .. }), "{error:?}");
    assert_eq!(fixture.version_ids(), [error.pushed().unwrap().id.to_string()]);
    assert_eq!(fixture.daemon.0.load(Ordering::Relaxed), 0, "nobody pushes a second one");
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn a_push_of_the_daemon_that_is_interrupted_after_it_arrived_is_named() {
    // A kind of layer that the daemon has to push.
    let zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
    let mut fixture = Fixture::with(SandboxOptions::default(), &[vec![4; 100]], zstd).await;
    let arrives = fixture.registry.stored("acme/hotdog-test", "latest").await.unwrap().unwrap();
    let manifest: Value = serde_json::from_slice(&arrives.bytes).unwrap();
    for blob in [&manifest["config"], &manifest["layers"][0]] {
        let digest = blob["digest"].as_str().unwrap().parse().unwrap();
        let blob = Blob { digest, size_bytes: blob["size"].as_u64().unwrap() };
        fixture.registry.copy_blob("acme/hotdog", "acme/hotdog-test", &blob, &|_| {}).await.unwrap();
    }
    let daemon = Arc::new(CutOff { registry: Arc::clone(&fixture.registry), arrives });
    let names = Arc::<Stopped>::clone(&fixture.daemon);
    fixture.services.daemon = Some(PushDaemon { derive: Arc::<CutOff>::clone(&daemon), names, push: daemon });
    let error = fixture.publish().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
    assert_eq!(fixture.version_ids(), [error.pushed().unwrap_or_else(|| panic!("{error:?}")).id.to_string()]);
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn a_registry_that_stores_another_manifest_is_not_pushed_to_again() {
    let mut fixture = Fixture::new().await;
    let other = format!("sha256:{}", "e".repeat(64));
    let writer =
        Arc::new(Renaming { registry: Arc::clone(&fixture.registry), stored: other.clone(), puts: AtomicUsize::default() });
    fixture.services.writer = Some(Arc::<Renaming>::clone(&writer));
    let error = fixture.publish().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(error.pushed().map(|version| version.id.digest().to_string()), Some(other.clone()), "what people would get");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("stored the manifest") && cause.ends_with(&format!("of acme/hotdog as {other}")), "{cause}");
    assert!(error.hint().unwrap().starts_with("do not use what was pushed"), "{error:?}");
    assert_eq!((writer.puts.load(Ordering::Relaxed), fixture.daemon.0.load(Ordering::Relaxed)), (1, 0));
    fixture.sandbox.stop().await;
}

/// Somebody else's version of the live model, put at once.
async fn rival(registry: &RealRegistry) -> String {
    let labels = json!({ "run.cog.version": "0.22.0", "run.cog.push_id": "rival", "run.cog.openapi_schema": "{}" });
    put_image(registry, "acme/hotdog", &labels, &[vec![9; 100]], GZIP).await.0.digest.version_id().to_string()
}

#[tokio::test]
async fn a_version_that_appears_while_layers_are_streamed_is_not_replaced() {
    let fixture = Fixture::new().await;
    fixture.sandbox.fail_mounts(MountFault::Refused, 2);
    let slow = Fault::next(2, FaultEffect::Delay(Duration::from_millis(1500)));
    fixture.sandbox.inject(slow.on(Method::PUT, "/v2/acme/hotdog/blobs/uploads/"));
    let cleared = Verified::new(fixture.staged.clone(), Vec::new(), Vec::new()).clear(model("hotdog"), Replaced::Nothing).unwrap();
    let cancelled = CancellationToken::new();
    let publishing = publish("hotdog", &cleared, &fixture.services, &fixture.notices, &cancelled);
    let overtaking = async {
        // The live model was looked at, and both of its layers are on their way: the rival's own must not meet the delays.
        let sent_to = "/v2/acme/hotdog/blobs/uploads/";
        let is_layer = |request: &&RequestRecord| request.method == Method::PUT && request.path.starts_with(sent_to);
        while fixture.sandbox.requests().iter().filter(is_layer).count() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        rival(&fixture.registry).await
    };
    let (outcome, rival) = tokio::join!(publishing, overtaking);
    let Err(PublishError::Moved(moved)) = &outcome else { panic!("{outcome:?}") };
    assert_eq!((moved.now.as_ref().map(ToString::to_string), moved.is_overwritten), (Some(rival.clone()), false));
    assert_eq!(fixture.version_ids(), [rival], "nothing was put in its place");
    // Cleared again, it goes, and what arrived is there.
    let again = cleared.replacing(moved.replaced(), &[], false).unwrap();
    let published = publish("hotdog", &again, &fixture.services, &fixture.notices, &cancelled).await.unwrap();
    assert_eq!((published.transfer.present, published.transfer.sent_bytes), (2, 0));
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn two_writers_make_two_whole_versions() {
    let fixture = Fixture::new().await;
    let (one, other) = tokio::join!(fixture.publish(), fixture.publish());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.version.id, other.version.id);
    assert!(one.layers.holds() && other.layers.holds());
    let mut ids: Vec<String> = fixture.sandbox.versions("hotdog").into_iter().map(|version| version.id).collect();
    ids.sort();
    let mut expected = [one.version.id.to_string(), other.version.id.to_string()];
    expected.sort();
    assert_eq!(ids, expected);
    let latest = fixture.registry.stored("acme/hotdog", "latest").await.unwrap().unwrap().digest.version_id().to_string();
    assert!(expected.contains(&latest));
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn a_registry_that_makes_versions_of_latest_alone_makes_one() {
    for version_tags in [VersionTags::Any, VersionTags::LatestOnly] {
        let options = SandboxOptions { version_tags, ..SandboxOptions::default() };
        let fixture = Fixture::with(options, &[vec![3; 100]], GZIP).await;
        let published = fixture.publish().await.unwrap();
        fixture.assert_published(&published, &format!("{version_tags:?}")).await;
        fixture.sandbox.stop().await;
    }
}

#[tokio::test]
async fn layers_of_unknown_kinds_are_left_to_the_daemon_with_a_reason() {
    let layers = [vec![4; 100]];
    let fixture = Fixture::with(SandboxOptions::default(), &layers, "application/vnd.oci.image.layer.v1.tar+zstd").await;
    let error = fixture.publish().await.unwrap_err();
    assert!(matches!(error, PublishError::Docker(DockerError::SocketMissing { .. })), "{error:?}");
    let notices = fixture.notices.0.lock().unwrap().clone();
    assert!(notices[0].starts_with("publishing through the Docker daemon: "), "{notices:?}");
    assert!(notices[0].contains("layer 1 has the media type application/vnd.oci.image.layer.v1.tar+zstd"), "{notices:?}");
    assert!(fixture.sandbox.versions("hotdog").is_empty());
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn a_token_without_rights_is_reported_with_the_model_and_the_fix() {
    let fixture = Fixture::new().await;
    fixture.sandbox.create_model("eve/m", Visibility::Public, "cpu").unwrap();
    let (own, test) = (model("hotdog"), model("hotdog-test"));
    check_rights(&[&own, &test], &*fixture.registry).await.unwrap();
    let requests = fixture.sandbox.requests();
    let count =
        |method: Method| requests.iter().filter(|r| r.method == method && r.path.contains("/acme/hotdog/blobs/uploads/")).count();
    assert_eq!((count(Method::DELETE), count(Method::PUT)), (1, 0), "the upload is dropped again");
    for (name, words, hint) in [
        ("eve/m", "does not let 'acme' push to eve/m: You don't have write access", "CLI token of a user who may write"),
        ("acme/gone", "push to acme/gone: The model https://replicate.com/acme/gone does not exist", "create the model"),
    ] {
        let foreign: ModelRef = name.parse().unwrap();
        let error = check_rights(&[&own, &foreign], &*fixture.registry).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Request, format!("the CLI token may not push to {name}")));
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(words), "{cause}");
        assert!(error.hint().unwrap().contains(hint), "{error:?}");
    }
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn a_registry_that_answers_strangely_about_rights_stops_nothing() {
    let own = model("hotdog");
    let path = "/v2/acme/hotdog/blobs/uploads/";
    for (method, status) in
        [(Method::POST, 502), (Method::POST, 404), (Method::POST, 418), (Method::DELETE, 404), (Method::DELETE, 500)]
    {
        let fixture = Fixture::new().await;
        let effect = FaultEffect::Status(StatusCode::from_u16(status).unwrap());
        fixture.sandbox.inject(Fault::next(100, effect).on(method.clone(), path));
        check_rights(&[&own], &*fixture.registry).await.unwrap_or_else(|error| panic!("{method} {status}: {error:?}"));
        fixture.sandbox.stop().await;
    }
}

#[tokio::test]
async fn a_registry_refuses_what_it_should() {
    let fixture = Fixture::new().await;
    let registry = &fixture.registry;
    let blob = Blob { digest: format!("sha256:{}", "d".repeat(64)).parse().unwrap(), size_bytes: 5000 };
    // The source has no such blob.
    let error = registry.copy_blob("acme/hotdog", "acme/hotdog-test", &blob, &|_| {}).await.unwrap_err();
    assert!(error.to_string().contains("does not have the blob"), "{error}");
    // A manifest whose blobs are not there.
    let stored = registry.stored("acme/hotdog-test", "latest").await.unwrap().unwrap();
    let error = registry.put_manifest("acme/hotdog", "latest", &stored).await.unwrap_err();
    assert!(error.to_string().contains("no such blobs"), "{error}");
    // A digest that is not the manifest's.
    let error = registry.put_manifest("acme/hotdog-test", blob.digest.as_str(), &stored).await.unwrap_err();
    assert!(error.to_string().contains("digest"), "{error}");
    assert!(fixture.sandbox.versions("hotdog").is_empty());
    fixture.sandbox.stop().await;
}
