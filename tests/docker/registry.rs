//! Pushes to a real registry server, Debian's `docker-registry`, with passwords and over loopback. Without a daemon or without the server
//! these tests are skipped, except in CI, where they fail.

use std::sync::Arc;
use std::time::Duration;

use safe_push::clients::docker::{DockerError, NameImages as _, PushDenial, PushEvent};
use safe_push::clients::registry::{Registry as _, RegistryError};
use safe_push::domain::events::LayerOutcome;

use crate::daemon::daemon;
use crate::registry_server::{MEGABYTE, PASSWORD, Server, image, noise, push};

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_confirmed_by_its_digest_and_a_second_one_sends_only_what_differs() {
    let Some(docker) = daemon().await else { return };
    let Some(server) = Server::start() else { return };
    let (repository, user) = (format!("{}/acme/hotdog", server.host()), Some(server.credentials(PASSWORD)));
    let layers = [noise(1, 8 * MEGABYTE), noise(2, MEGABYTE)];
    let first = image(&docker, &layers).await;
    let (pushed, sent) = push(&docker, &first, &repository, user.clone(), &mut |_| {}).await.unwrap();
    assert!(sent >= 9_000_000, "{sent}");
    assert_eq!(server.uploads(), 3, "two layers and a configuration");

    let client = server.client(PASSWORD);
    let manifest = client.manifest("acme/hotdog", "latest").await.unwrap().unwrap();
    assert_eq!((&manifest.digest, manifest.layers.len()), (&pushed.digest, 2));
    assert!(client.manifest("acme/hotdog", "other").await.unwrap().is_none());

    let mut events = Vec::new();
    let (again, sent) = push(&docker, &first, &repository, user.clone(), &mut |event| events.push(event.clone())).await.unwrap();
    assert_eq!((again.digest, sent, server.uploads()), (pushed.digest.clone(), 0, 3));
    let there = |done| PushEvent::Layer { outcome: LayerOutcome::AlreadyThere, done, layers: 2 };
    assert_eq!(events, [there(1), there(2)]);

    let second = image(&docker, &[layers[0].clone(), noise(3, 2 * MEGABYTE)]).await;
    let (other, sent) = push(&docker, &second, &repository, user, &mut |_| {}).await.unwrap();
    assert_ne!(other.digest, pushed.digest);
    assert!((2_000_000..3_000_000).contains(&sent), "only the layer that differs is sent: {sent}");
    assert_eq!(server.uploads(), 5, "one layer and a configuration more");
    for image in [first, second] {
        docker.remove_image(&image).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_of_another_repository_are_mounted() {
    let Some(docker) = daemon().await else { return };
    let Some(server) = Server::start() else { return };
    let user = Some(server.credentials(PASSWORD));
    let image = image(&docker, &[noise(4, 4 * MEGABYTE)]).await;
    let repository = |name: &str| format!("{}/acme/{name}", server.host());
    let (staged, _) = push(&docker, &image, &repository("hotdog-test"), user.clone(), &mut |_| {}).await.unwrap();
    assert_eq!(server.uploads(), 2);
    let mut events = Vec::new();
    let (published, sent) =
        push(&docker, &image, &repository("hotdog"), user, &mut |event| events.push(event.clone())).await.unwrap();
    assert_eq!((published.digest, sent), (staged.digest, 0));
    assert_eq!(events, [PushEvent::Layer { outcome: LayerOutcome::Mounted, done: 1, layers: 1 }]);
    assert!(server.uploads() <= 3, "the layer is not sent again, the configuration may be");
    let log = server.log();
    assert!(log.contains("/v2/acme/hotdog/blobs/uploads/?from=acme%2Fhotdog-test&mount=sha256"), "{log}");
    docker.remove_image(&image).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_and_missing_passwords_are_told_apart_from_outages() {
    let Some(docker) = daemon().await else { return };
    let Some(server) = Server::start() else { return };
    let image = image(&docker, &[noise(5, 1000)]).await;
    let repository = format!("{}/acme/hotdog", server.host());
    for credentials in [Some(server.credentials("wrong")), None] {
        let error = push(&docker, &image, &repository, credentials, &mut |_| {}).await.unwrap_err();
        let DockerError::PushDenied { reason, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*reason, PushDenial::NotLoggedIn);
        assert!(error.hint().is_some_and(|hint| hint.contains("COG_TOKEN")), "{error:?}");
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
    let refused = server.client("wrong").manifest("acme/hotdog", "latest").await;
    assert!(matches!(refused, Err(RegistryError::Denied { status: 401, .. })), "{refused:?}");
    docker.remove_image(&image).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_stops_in_the_middle_and_comes_back_gets_the_whole_image() {
    let Some(docker) = daemon().await else { return };
    let Some(server) = Server::start() else { return };
    let user = Some(server.credentials(PASSWORD));
    let layers: Vec<Vec<u8>> = (10..13).map(|seed| noise(seed, 20 * MEGABYTE)).collect();
    let image = image(&docker, &layers).await;
    let repository = format!("{}/acme/hotdog", server.host());
    let mut stopped_at = None;
    let mut restarting = None;
    let mut on_event = |event: &PushEvent| match event {
        PushEvent::Progress(progress) if stopped_at.is_none() && progress.sent_bytes > 0 => {
            stopped_at = Some(*progress);
            server.kill();
            let server = Arc::clone(&server);
            restarting = Some(std::thread::spawn(move || {
                std::thread::sleep(Duration::from_secs(2));
                server.start_again();
            }));
        }
        // Whether the daemon begins the upload again or we begin the push again depends on what was under way.
        PushEvent::Progress(_) | PushEvent::Layer { .. } | PushEvent::Repeated { .. } => {}
    };
    let outcome = push(&docker, &image, &repository, user, &mut on_event).await;
    restarting.unwrap().join().unwrap();
    let (pushed, _) = outcome.unwrap();
    let stopped_at = stopped_at.unwrap();
    assert!(stopped_at.sent_bytes < 60_000_000, "{stopped_at:?}");
    let manifest = server.client(PASSWORD).manifest("acme/hotdog", "latest").await.unwrap().unwrap();
    assert_eq!((manifest.digest, manifest.layers.len()), (pushed.digest, 3));
    docker.remove_image(&image).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_stays_away_is_an_outage() {
    let Some(docker) = daemon().await else { return };
    let Some(server) = Server::start() else { return };
    let image = image(&docker, &[noise(6, 1000)]).await;
    let repository = format!("{}/acme/hotdog", server.host());
    server.kill();
    let mut events = Vec::new();
    let user = Some(server.credentials(PASSWORD));
    let error = push(&docker, &image, &repository, user, &mut |event| events.push(event.clone())).await.unwrap_err();
    assert!(matches!(&error, DockerError::RegistryUnavailable { .. }), "{error:?}");
    assert_eq!(events.len(), 4, "each repetition is reported: {events:?}");
    let says_why = |event: &PushEvent| matches!(event, PushEvent::Repeated { reason, .. } if reason.contains("refused"));
    assert!(events.iter().all(says_why), "{events:?}");
    docker.remove_image(&image).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_with_a_certificate_is_pushed_to_once_the_daemon_trusts_it() {
    let Some(docker) = daemon().await else { return };
    let Some(server) = Server::start_with_certificate() else { return };
    let image = image(&docker, &[noise(7, MEGABYTE)]).await;
    let (repository, user) = (format!("{}/acme/hotdog", server.host()), Some(server.credentials(PASSWORD)));
    let error = push(&docker, &image, &repository, user.clone(), &mut |_| {}).await.unwrap_err();
    assert!(matches!(&error, DockerError::CertificateUnknown { .. }), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("/etc/docker/certs.d/HOST:PORT/ca.crt")), "{error:?}");
    assert_eq!(server.uploads(), 0);

    if let Some(_trusted) = server.trust() {
        let (pushed, _) = push(&docker, &image, &repository, user.clone(), &mut |_| {}).await.unwrap();
        assert_eq!(server.digest_of("acme/hotdog", "latest"), pushed.digest.as_str());
        let (again, sent) = push(&docker, &image, &repository, user, &mut |_| {}).await.unwrap();
        assert_eq!((again.digest, sent, server.uploads()), (pushed.digest, 0, 2));
    }
    docker.remove_image(&image).await.unwrap();
}
