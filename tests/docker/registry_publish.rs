//! Publishing within a real registry server, Debian's `docker-registry`, beside what the daemon does for the same image.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use replicate_sandbox::{Sandbox, SandboxOptions, Visibility};
use safe_push::clients::docker::{DeriveImages, InspectImages as _, NameImages, PushImages};
use safe_push::clients::registry::{Blob, RealRegistry, Registry as _, RegistryError, RegistryWriter as _};
use safe_push::clients::replicate::{RealReplicate, ReplicateOptions};
use safe_push::domain::cleared::{Replaced, Staged, Verified};
use safe_push::domain::events::Silent;
use safe_push::domain::identity::{ModelRef, VersionRef};
use safe_push::domain::report::PublishRoute;
use safe_push::publish::{PublishServices, PushDaemon, check_rights, publish_official};
use safe_push::support::clock::SystemClock;
use tokio_util::sync::CancellationToken;

use crate::daemon::daemon;
use crate::registry_server::{MEGABYTE, PASSWORD, Server, image, noise, push};

fn model(name: &str) -> ModelRef {
    format!("acme/{name}").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_published_within_a_registry_server_and_latest_leads_to_it() {
    let Some(docker) = daemon().await else { return };
    let Some(server) = Server::start() else { return };
    // Replicate does not show official models, so the registry's answer is enough, and the test needs no API.
    let sandbox =
        Sandbox::start(SandboxOptions { username: "acme".to_owned(), docker: false, ..SandboxOptions::default() }).await.unwrap();
    sandbox.create_model("hotdog", Visibility::Private, "cpu").unwrap();
    sandbox.set_official("hotdog", true).unwrap();
    let registry = Arc::new(server.client(PASSWORD));
    let docker = Arc::new(docker);
    let options = ReplicateOptions::new(sandbox.api_url().as_str().parse().unwrap(), sandbox.api_token().clone());
    let services = PublishServices {
        daemon: Some(PushDaemon {
            derive: Arc::clone(&docker) as Arc<dyn DeriveImages>,
            names: Arc::clone(&docker) as Arc<dyn NameImages>,
            push: Arc::clone(&docker) as Arc<dyn PushImages>,
        }),
        registry: Arc::<RealRegistry>::clone(&registry),
        writer: Some(Arc::<RealRegistry>::clone(&registry)),
        replicate: Arc::new(RealReplicate::new(options, Arc::new(SystemClock)).unwrap()),
        registry_host: server.host(),
        credentials: server.credentials(PASSWORD),
    };
    check_rights(&[&model("hotdog"), &model("hotdog-test")], &*registry).await.unwrap();

    let built = image(&docker, &[noise(20, 30 * MEGABYTE), noise(21, MEGABYTE)]).await;
    let repository = |name: &str| format!("{}/acme/{name}", server.host());
    let user = || Some(server.credentials(PASSWORD));
    let (pushed, _) = push(&docker, &built, &repository("hotdog-test"), user(), &mut |_| {}).await.unwrap();
    let tested = registry.manifest("acme/hotdog-test", pushed.digest.as_str()).await.unwrap().unwrap();
    let details = docker.inspect_image(&built).await.unwrap();
    let staged = Staged {
        version: VersionRef { model: model("hotdog-test"), id: pushed.digest.version_id() },
        image: Some(details.into_built(built.clone())),
        layers: tested.layers.clone(),
    };
    let uploads = server.uploads();
    let cleared = Verified::new(staged, Vec::new(), Vec::new()).clear(model("hotdog"), Replaced::Hidden).unwrap();
    let started = Instant::now();
    let published = publish_official("hotdog", &cleared, &services, &Silent, &CancellationToken::new()).await.unwrap();
    eprintln!("within the registry: {:?}, {} uploads", started.elapsed(), server.uploads() - uploads);
    assert_eq!((published.transfer.route, published.transfer.mounted), (PublishRoute::Mounted, 2), "{:?}", published.transfer);
    assert_eq!(server.uploads(), uploads + 1, "the configuration alone is sent");
    let latest = registry.stored("acme/hotdog", "latest").await.unwrap().unwrap();
    assert_eq!(latest.digest.version_id(), published.version.id);
    assert_eq!(registry.manifest("acme/hotdog", "latest").await.unwrap().unwrap().layers, tested.layers);

    let started = Instant::now();
    push(&docker, &built, &repository("hotdog-daemon"), user(), &mut |_| {}).await.unwrap();
    eprintln!("by the daemon, without a new label: {:?}", started.elapsed());
    docker.remove_image(&built).await.unwrap();
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_is_streamed_from_one_repository_of_a_server_into_another() {
    let Some(server) = Server::start() else { return };
    let registry = server.client(PASSWORD);
    // Two pieces and a bit.
    let content = noise(22, 40 * MEGABYTE);
    let layer = registry.put_blob("acme/hotdog-test", Bytes::from(content)).await.unwrap();
    registry.copy_blob("acme/hotdog", "acme/hotdog-test", &layer, &|_| {}).await.unwrap();
    assert!(registry.has_blob("acme/hotdog", &layer.digest).await.unwrap());

    let missing = Blob { digest: format!("sha256:{}", "d".repeat(64)).parse().unwrap(), size_bytes: 10 };
    let error = registry.copy_blob("acme/hotdog", "acme/hotdog-test", &missing, &|_| {}).await.unwrap_err();
    assert!(matches!(error, RegistryError::BlobMissing { .. }), "{error:?}");
    let refused = server.client("wrong").check_push("acme/hotdog").await;
    assert!(matches!(refused, Err(RegistryError::PushDenied { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_in_the_middle_of_a_stream_and_comes_back_gets_the_whole_layer() {
    let Some(server) = Server::start() else { return };
    let registry = server.client(PASSWORD);
    let layer = registry.put_blob("acme/hotdog-test", Bytes::from(noise(23, 60 * MEGABYTE))).await.unwrap();
    let (stopped, thread) = (std::sync::atomic::AtomicBool::new(false), std::sync::Mutex::new(None));
    let sent = |_bytes: u64| {
        if !stopped.swap(true, std::sync::atomic::Ordering::Relaxed) {
            server.kill();
            let server = Arc::clone(&server);
            *thread.lock().unwrap() = Some(std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_secs(1));
                server.start_again();
            }));
        }
    };
    registry.copy_blob("acme/hotdog", "acme/hotdog-test", &layer, &sent).await.unwrap();
    thread.lock().unwrap().take().unwrap().join().unwrap();
    assert!(registry.has_blob("acme/hotdog", &layer.digest).await.unwrap());
}
