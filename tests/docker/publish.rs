//! Publishing with a real daemon: one image is pushed to three models of a sandbox, and the layers stay what they are.

use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;
use std::sync::Arc;

use bollard::query_parameters::ListImagesOptionsBuilder;
use replicate_sandbox::{Fault, FaultEffect, Sandbox, SandboxOptions, UploadFault, Visibility};
use reqwest::{Method, StatusCode};
use safe_push::clients::docker::{
    BuildImages as _, DeriveImages, DockerError, ImageBuild, InspectImages as _, NameImages, PushDenial, RealDocker,
    RegistryCredentials,
};
use safe_push::clients::registry::{RealRegistry, RegistryOptions};
use safe_push::clients::replicate::{RealReplicate, ReplicateOptions};
use safe_push::domain::cleared::{BuiltImage, Cleared, Replaced, Staged, Verified};
use safe_push::domain::events::Silent;
use safe_push::domain::identity::ModelRef;
use safe_push::domain::plan::DeploymentPlan;
use safe_push::domain::report::{DeploymentChange, PublishRoute};
use safe_push::publish::{
    DeployRequest, PublishError, PublishServices, PushDaemon, RelatedImage, StageImage, StageRequest, VERSION_LIMIT, deploy,
    publish, publish_official, stage,
};
use safe_push::support::SecretString;
use safe_push::support::clock::SystemClock;
use serde_json::json;
use test_support::sandbox_options;
use tokio_util::sync::CancellationToken;

use crate::daemon::{BASE, daemon, tar, unique};

struct Fixture {
    sandbox: Sandbox,
    docker: RealDocker,
    services: PublishServices,
    image: BuiltImage,
}

fn model(name: &str) -> ModelRef {
    format!("acme/{name}").parse().unwrap()
}

impl Fixture {
    async fn new() -> Option<Self> {
        Self::with(sandbox_options()).await
    }

    /// With a registry that has no layer yet, so that it counts what is sent.
    async fn empty() -> Option<Self> {
        Self::with(SandboxOptions { layers: None, ..sandbox_options() }).await
    }

    async fn with(options: SandboxOptions) -> Option<Self> {
        let docker = daemon().await?;
        let options = SandboxOptions { docker: false, ..options };
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.create_model("hotdog", Visibility::Public, "cpu").unwrap();
        let services = services(&sandbox, &docker, sandbox.cli_token().clone());
        let image = build(&docker).await;
        Some(Self { sandbox, docker, services, image })
    }

    async fn stage(&self) -> Result<Staged, PublishError> {
        self.stage_as("hotdog-test", &self.image, &[]).await
    }

    async fn stage_as(&self, name: &str, image: &BuiltImage, related: &[RelatedImage]) -> Result<Staged, PublishError> {
        let request = StageRequest {
            name: "hotdog",
            image: StageImage::Built(image),
            related,
            model: &model(name),
            hardware: Some("cpu"),
            may_be_public: false,
            version_limit: VERSION_LIMIT,
        };
        stage(&request, &self.services, &Silent, &CancellationToken::new()).await.map(|done| done.staged)
    }

    /// Names that pushes gave to images and left behind.
    async fn left_names(&self) -> Vec<String> {
        let ours = format!("{}/*/*", self.services.registry_host);
        let filters = HashMap::from([("reference", vec![ours])]);
        let options = ListImagesOptionsBuilder::new().filters(&filters).build();
        let images = bollard::Docker::connect_with_defaults().unwrap().list_images(Some(options)).await.unwrap();
        images.into_iter().flat_map(|image| image.repo_tags).collect()
    }

    async fn end(self) {
        self.docker.remove_image(&self.image.reference).await.unwrap();
        self.sandbox.stop().await;
    }
}

fn services(sandbox: &Sandbox, docker: &RealDocker, cli_token: SecretString) -> PublishServices {
    let host = sandbox.registry_host().to_owned();
    let credentials = RegistryCredentials { host: host.clone(), username: "acme".to_owned(), password: cli_token };
    let registry = Arc::new(RealRegistry::new(RegistryOptions::new(host.clone(), Some(credentials.clone()))).unwrap());
    let base_url = sandbox.api_url().as_str().parse().unwrap();
    let options = ReplicateOptions::new(base_url, sandbox.api_token().clone());
    let replicate = RealReplicate::new(options, Arc::new(SystemClock)).unwrap();
    let docker = Arc::new(docker.clone());
    PublishServices {
        daemon: Some(PushDaemon {
            derive: Arc::clone(&docker) as Arc<dyn DeriveImages>,
            names: Arc::clone(&docker) as Arc<dyn NameImages>,
            push: docker,
        }),
        writer: Some(Arc::<RealRegistry>::clone(&registry)),
        registry,
        replicate: Arc::new(replicate),
        registry_host: host,
        credentials,
    }
}

async fn build(docker: &RealDocker) -> BuiltImage {
    let tag = unique("publish");
    let schema = json!({"components": {"schemas": {"Input": {"type": "object"}}}}).to_string();
    let dockerfile = format!("FROM {BASE}\nRUN echo {tag} > /which\n");
    let labels =
        BTreeMap::from([("run.cog.version".to_owned(), "0.22.0".to_owned()), ("run.cog.openapi_schema".to_owned(), schema)]);
    let build = ImageBuild { dockerfile: "Dockerfile".to_owned(), tag: tag.clone(), labels, ..ImageBuild::default() };
    let context = tar(&[("Dockerfile", &dockerfile)]).await;
    docker.build(&build, Box::pin(Cursor::new(context)), &mut |_| {}, &CancellationToken::new()).await.unwrap();
    docker.inspect_image(&tag).await.unwrap().into_built(tag)
}

fn cleared(staged: &Staged, model: ModelRef) -> Cleared {
    Verified::new(staged.clone(), Vec::new(), Vec::new()).clear(model, Replaced::Nothing).unwrap()
}

#[tokio::test]
async fn one_image_becomes_three_versions_with_the_same_layers() {
    let Some(fixture) = Fixture::empty().await else { return };
    let token = CancellationToken::new();
    // That names of pushes are found at all.
    let name = format!("{}/acme/hotdog:kept", fixture.services.registry_host);
    fixture.docker.tag_image(&fixture.image.id, &name).await.unwrap();
    assert_eq!(fixture.left_names().await, [name.as_str()]);
    fixture.docker.remove_image(&name).await.unwrap();
    let staged = fixture.stage().await.unwrap();
    assert_eq!(staged.layers.len(), fixture.image.diff_ids.len());
    let sent = fixture.sandbox.uploaded_bytes();

    let test_latest = fixture.services.registry.manifest("acme/hotdog-test", "latest").await.unwrap().unwrap();
    assert_eq!(test_latest.digest.version_id(), staged.version.id, "the daemon's push ends with latest too");
    assert_eq!(fixture.sandbox.versions("hotdog-test").len(), 1, "and makes no second version");

    let published = publish("hotdog", &cleared(&staged, model("hotdog")), &fixture.services, &Silent, &token).await.unwrap();
    assert!(published.layers.holds());
    assert_eq!((published.transfer.route, published.transfer.streamed), (PublishRoute::Mounted, 0));
    assert_eq!(published.previous, None);
    assert_ne!(published.version.id, staged.version.id);
    let again = fixture.sandbox.uploaded_bytes() - sent;
    assert!(again < 200_000, "layers that are there are not sent again: {again} bytes");

    fixture.sandbox.create_model("official", Visibility::Public, "cpu").unwrap();
    fixture.sandbox.set_official("official", true).unwrap();
    let official =
        publish_official("hotdog", &cleared(&staged, model("official")), &fixture.services, &Silent, &token).await.unwrap();
    assert_eq!(official.layers.published, published.layers.published);

    let over = Replaced::of(Some(&published.version.id));
    let over = cleared(&staged, model("hotdog")).replacing(over, &[], false).unwrap();
    let second = publish("hotdog", &over, &fixture.services, &Silent, &token).await.unwrap();
    assert_eq!(second.previous, Some(published.version));

    let versions = fixture.sandbox.versions("hotdog");
    assert_eq!(versions[0].id, second.version.id.as_str());
    assert_eq!(versions[0].cog_version.as_deref(), Some("0.22.0"), "labels of the build are kept");
    assert_eq!(versions[0].schema, fixture.sandbox.versions("hotdog-test")[0].schema);
    assert_eq!(fixture.left_names().await, [""; 0]);

    let plan = DeploymentPlan {
        owner: "acme".to_owned(),
        name: "hotdog".to_owned(),
        hardware: "cpu".to_owned(),
        min_instances: None,
        max_instances: None,
    };
    for change in [DeploymentChange::Created, DeploymentChange::Unchanged] {
        let request = DeployRequest { plan: &plan, version: &second.version, replaces: &Replaced::Nothing };
        let deployed = deploy(&request, &fixture.services, &token).await.unwrap();
        assert_eq!(deployed.report.change, change);
    }
    fixture.end().await;
}

/// A daemon with the containerd store tries to mount from the alphabetically last repository alone, of whatever registry on the same host.
#[tokio::test]
async fn layers_of_the_live_version_are_not_sent_again_after_pushes_to_other_registries() {
    let (Some(fixture), Some(other)) = (Fixture::empty().await, Fixture::empty().await) else { return };
    let staged = fixture.stage().await.unwrap();
    let cleared = cleared(&staged, model("hotdog"));
    publish("hotdog", &cleared, &fixture.services, &Silent, &CancellationToken::new()).await.unwrap();
    // A repository that the daemon mounts from in vain.
    other.sandbox.create_model("zebra", Visibility::Private, "cpu").unwrap();
    other.stage_as("zebra", &fixture.image, &[]).await.unwrap();

    let before = fixture.sandbox.uploaded_bytes();
    let related = [RelatedImage::newest(&model("hotdog"))];
    let again = fixture.stage_as("second-test", &fixture.image, &related).await.unwrap();
    assert_eq!(again.layers, staged.layers);
    let sent = fixture.sandbox.uploaded_bytes() - before;
    assert!(sent < 200_000, "layers are mounted from the live model: {sent} bytes");
    fixture.end().await;
    other.end().await;
}

#[tokio::test]
async fn a_token_that_the_registry_does_not_know_is_named() {
    let Some(mut fixture) = Fixture::new().await else { return };
    fixture.services = services(&fixture.sandbox, &fixture.docker, "not-the-token".to_owned().into());
    let error = fixture.stage().await.unwrap_err();
    assert!(matches!(error, PublishError::Docker(DockerError::PushDenied { .. })), "{error:?}");
    assert!(error.hint().unwrap().contains("COG_TOKEN"));
    assert_eq!(fixture.left_names().await, [""; 0]);
    fixture.end().await;
}

#[tokio::test]
async fn an_api_token_in_the_place_of_the_cli_token_is_refused_with_the_right_name() {
    let Some(mut fixture) = Fixture::empty().await else { return };
    fixture.services = services(&fixture.sandbox, &fixture.docker, fixture.sandbox.api_token().clone());
    let error = fixture.stage().await.unwrap_err();
    assert!(matches!(error, PublishError::Docker(DockerError::PushDenied { reason: PushDenial::NotLoggedIn, .. })), "{error:?}");
    assert!(error.hint().unwrap().contains("does not start with r8_"));
    assert_eq!(fixture.sandbox.uploaded_bytes(), 0);
    fixture.end().await;
}

#[tokio::test]
async fn a_model_that_is_missing_at_the_push_is_named() {
    let Some(fixture) = Fixture::empty().await else { return };
    let staged = fixture.stage().await.unwrap();
    let sent = fixture.sandbox.uploaded_bytes();
    let cleared = cleared(&staged, model("never-made"));
    let error = publish("hotdog", &cleared, &fixture.services, &Silent, &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(&error, PublishError::NoLiveModel { model: missing } if *missing == model("never-made")), "{error:?}");
    assert_eq!(fixture.sandbox.uploaded_bytes(), sent, "nothing is sent");
    assert_eq!(fixture.left_names().await, [""; 0]);
    fixture.end().await;
}

#[tokio::test]
async fn a_registry_that_fails_for_a_moment_gets_the_whole_image() {
    let mut sent = Vec::new();
    for fault in [UploadFault::BadGateway, UploadFault::Close, UploadFault::CutOff] {
        let Some(fixture) = Fixture::empty().await else { return };
        // One of the uploads: the daemon itself begins it again after some seconds.
        fixture.sandbox.fail_uploads(fault, 1);
        let staged = fixture.stage().await.unwrap();
        assert_eq!(staged.layers.len(), fixture.image.diff_ids.len());
        sent.push(fixture.sandbox.uploaded_bytes());
        fixture.end().await;
    }
    assert!(sent[2] > sent[0] + 1_000_000, "what was cut off in the middle is sent again: {sent:?}");
}

#[tokio::test]
async fn where_the_registry_takes_neither_mounts_nor_uploads_of_ours_the_daemon_publishes() {
    let Some(fixture) = Fixture::new().await else { return };
    let staged = fixture.stage().await.unwrap();
    // Our client gives up on the configuration of the staged version; the daemon does not ask for it.
    let fault = Fault::next(100, FaultEffect::Status(StatusCode::IM_A_TEAPOT)).on(Method::GET, "/v2/acme/hotdog-test/blobs/");
    fixture.sandbox.inject(fault);
    let cleared = cleared(&staged, model("hotdog"));
    let published = publish("hotdog", &cleared, &fixture.services, &Silent, &CancellationToken::new()).await.unwrap();
    assert_eq!(published.transfer.route, PublishRoute::Daemon);
    assert!(published.transfer.reason.as_ref().is_some_and(|reason| reason.contains("418")), "{:?}", published.transfer);
    assert!(published.layers.holds());
    assert_eq!(fixture.sandbox.versions("hotdog").len(), 1);
    let latest = fixture.services.registry.manifest("acme/hotdog", "latest").await.unwrap().unwrap();
    assert_eq!(latest.digest.version_id(), published.version.id);
    assert_eq!(fixture.left_names().await, [""; 0]);
    fixture.end().await;
}
