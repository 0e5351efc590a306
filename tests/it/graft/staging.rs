//! The way of a graft to the test model.

use std::sync::Arc;

use http::{Method, StatusCode};
use replicate_sandbox::{Fault, FaultEffect, MountFault};
use safe_push::build::Graft;
use safe_push::clients::docker::RegistryCredentials;
use safe_push::clients::registry::{RealRegistry, RegistryWriter as _};
use safe_push::clients::replicate::{RealReplicate, ReplicateOptions};
use safe_push::domain::cleared::{Replaced, Verified};
use safe_push::domain::events::Silent;
use safe_push::domain::report::PublishRoute;
use safe_push::publish::{
    GraftedImage, PublishError, PublishServices, PushDaemon, StageImage, StageRequest, StagedVersion, VERSION_LIMIT, publish, stage,
};
use safe_push::support::clock::SystemClock;
use tokio_util::sync::CancellationToken;

use super::fixture::{Fixture, FullBuild, model};
use crate::publish_within_registry::Stopped;

pub(super) fn services(fixture: &Fixture) -> PublishServices {
    let daemon = Arc::new(Stopped::default());
    let sandbox = &fixture.sandbox;
    let options = ReplicateOptions::new(sandbox.api_url().as_str().parse().unwrap(), sandbox.api_token().clone());
    PublishServices {
        daemon: Some(PushDaemon { derive: Arc::<Stopped>::clone(&daemon), names: Arc::<Stopped>::clone(&daemon), push: daemon }),
        registry: Arc::<RealRegistry>::clone(&fixture.registry),
        writer: Some(Arc::<RealRegistry>::clone(&fixture.registry)),
        replicate: Arc::new(RealReplicate::new(options, Arc::new(SystemClock)).unwrap()),
        registry_host: sandbox.registry_host().to_owned(),
        credentials: RegistryCredentials {
            host: sandbox.registry_host().to_owned(),
            username: "acme".to_owned(),
            password: sandbox.cli_token().clone(),
        },
    }
}

async fn staged(fixture: &Fixture, graft: &Graft) -> Result<StagedVersion, PublishError> {
    let image = GraftedImage {
        on: graft.on.clone(),
        manifest: graft.manifest.clone(),
        config: graft.config.clone(),
        layers: graft.layers.clone(),
    };
    let request = StageRequest {
        name: "hotdog",
        image: StageImage::Grafted(&image),
        related: &[],
        model: &model("hotdog-test"),
        hardware: None,
        may_be_public: false,
        version_limit: VERSION_LIMIT,
    };
    stage(&request, &services(fixture), &Silent, &CancellationToken::new()).await
}

#[tokio::test]
async fn a_graft_is_staged_and_published_without_a_daemon_in_a_few_kilobytes() {
    let fixture = Fixture::new().await;
    let version = fixture.full_build(&FullBuild::default()).await;
    fixture.source.write("run.py", "class Runner: 'changed'\n");
    let sent = fixture.sandbox.uploaded_bytes();
    let graft = fixture.graft_on(&version).await.unwrap();
    let staged = staged(&fixture, &graft).await.unwrap().staged;
    assert_eq!(staged.image, None);
    assert_eq!(staged.layers, graft.manifest.layer_digests());
    let newest = fixture.sandbox.versions("hotdog-test");
    assert_eq!(newest.iter().map(|version| version.id.as_str()).collect::<Vec<_>>(), [staged.version.id.as_str()]);
    assert_eq!(fixture.sandbox.mounted_blobs(), 3, "what is kept");
    let latest = fixture.registry.stored("acme/hotdog-test", "latest").await.unwrap().unwrap();
    assert_eq!(latest.digest.version_id(), staged.version.id);
    let sent = fixture.sandbox.uploaded_bytes() - sent;
    assert!(sent < 10_000, "{sent} bytes");

    let replaces = Replaced::Version(version.id.clone());
    let cleared = Verified::new(staged.clone(), Vec::new(), Vec::new()).clear(model("hotdog"), replaces).unwrap();
    let published = publish("hotdog", &cleared, &services(&fixture), &Silent, &CancellationToken::new()).await.unwrap();
    assert_eq!((published.transfer.route, published.transfer.streamed), (PublishRoute::Mounted, 0));
    assert_eq!(published.layers.published, staged.layers);
    // The live version can be grafted on in its turn: its recipe is that of the full build.
    assert!(fixture.graft_on(&published.version).await.is_ok());
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn refused_mounts_become_streams_and_a_refusal_of_everything_is_told_apart() {
    for fault in [MountFault::Refused, MountFault::Forgotten, MountFault::Unusable] {
        let fixture = Fixture::new().await;
        let version = fixture.full_build(&FullBuild::default()).await;
        let graft = fixture.graft_on(&version).await.unwrap();
        fixture.sandbox.fail_mounts(fault, 3);
        let staged = staged(&fixture, &graft).await.unwrap().staged;
        for layer in &staged.layers {
            assert!(fixture.registry.has_blob("acme/hotdog-test", layer).await.unwrap(), "{fault:?}");
        }
        fixture.sandbox.stop().await;
    }
    let fixture = Fixture::new().await;
    let version = fixture.full_build(&FullBuild::default()).await;
    let graft = fixture.graft_on(&version).await.unwrap();
    let refuse = FaultEffect::Status(StatusCode::UNPROCESSABLE_ENTITY);
    fixture.sandbox.inject(Fault::next(1, refuse).on(Method::PUT, "/v2/acme/hotdog-test/manifests/"));
    let error = staged(&fixture, &graft).await.unwrap_err();
    assert!(matches!(error, PublishError::GraftRefused { .. }), "{error:?}");
    assert!(fixture.sandbox.versions("hotdog-test").is_empty(), "never half a version");
    // The next run succeeds.
    staged(&fixture, &graft).await.unwrap();
    fixture.sandbox.stop().await;
}

#[tokio::test]
async fn a_failing_registry_gets_the_graft_at_the_second_try() {
    for (method, path) in
        [(Method::PUT, "blobs/uploads/"), (Method::POST, "blobs/uploads/"), (Method::PUT, "manifests/"), (Method::HEAD, "blobs/")]
    {
        let fixture = Fixture::new().await;
        let version = fixture.full_build(&FullBuild::default()).await;
        let graft = fixture.graft_on(&version).await.unwrap();
        let path = format!("/v2/acme/hotdog-test/{path}");
        fixture.sandbox.inject(Fault::next(1, FaultEffect::Status(StatusCode::BAD_GATEWAY)).on(method.clone(), path.clone()));
        fixture.sandbox.inject(Fault::next(1, FaultEffect::DropAfter).on(method, path));
        let staged = staged(&fixture, &graft).await.unwrap().staged;
        assert_eq!(fixture.sandbox.versions("hotdog-test").len(), 1, "one version");
        assert_eq!(staged.layers, graft.manifest.layer_digests());
        fixture.sandbox.stop().await;
    }
}
