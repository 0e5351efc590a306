//! A daemon in memory.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;

use crate::clients::docker::{
    BuildContext, BuildEvent, BuildImages, ContainerOutput, ContainerRun, DaemonVersion, Derivation, DeriveImages, DescribeDaemon,
    DiskUsage, DockerError, ImageArchive, ImageBuild, ImageDetails, ImagePush, InspectImages, NameImages, PushDenial, PushEvent,
    PushImages, PushProgress, Pushed, RunContainers, SaveImages,
};
use crate::clients::registry::Manifest;
use crate::clients::replicate::Version;
use crate::domain::events::LayerOutcome;
use crate::domain::identity::{ImageDigest, ModelRef, VersionRef};
use crate::publish::testing::{REGISTRY, World, digest, fault, layers_of};

pub(crate) struct FakeDocker(pub(crate) World);

impl FakeDocker {
    async fn enter(&self, call: &'static str, subject: &str, cancelled: Option<&CancellationToken>) -> Result<(), DockerError> {
        self.0.enter(call, subject, cancelled).await.map_err(|_interrupted| DockerError::Cancelled)?;
        match fault(&mut self.0.state().docker_faults, call, subject) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn find(&self, reference: &str) -> Result<ImageDetails, DockerError> {
        let state = self.0.state();
        let found = state.images.get(reference).or_else(|| state.images.values().find(|image| image.id == reference));
        found.cloned().ok_or_else(|| DockerError::NoSuchImage { image: reference.to_owned() })
    }

    fn keep(&self, name: &str, image: ImageDetails) {
        self.0.state().images.insert(name.to_owned(), ImageDetails { names: vec![name.to_owned()], ..image });
    }
}

impl DescribeDaemon for FakeDocker {
    fn version<'a>(&'a self) -> BoxFuture<'a, Result<DaemonVersion, DockerError>> {
        Box::pin(async move {
            self.enter("docker_version", "", None).await?;
            Ok(DaemonVersion {
                engine: "20.10.24".to_owned(),
                api: "1.41".to_owned(),
                root_folder: None,
                storage: None,
                has_nvidia_runtime: false,
            })
        })
    }

    fn disk_usage<'a>(&'a self) -> BoxFuture<'a, Result<DiskUsage, DockerError>> {
        Box::pin(async move { Ok(DiskUsage::default()) })
    }
}

impl BuildImages for FakeDocker {
    fn build<'a>(
        &'a self,
        build: &'a ImageBuild,
        mut context: BuildContext,
        events: &'a mut (dyn FnMut(BuildEvent) + Send),
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), DockerError>> {
        Box::pin(async move {
            let mut sent = Vec::new();
            context.read_to_end(&mut sent).await.unwrap();
            self.enter("build", &build.tag, Some(cancelled)).await?;
            events(BuildEvent::Output { step: "RUN true".to_owned(), line: "building".to_owned() });
            let code = digest(&hex::encode(&sent));
            let diff_ids = vec![digest("base"), digest("packages"), code.clone()];
            self.0.state().contexts.insert(code, sent);
            self.keep(&build.tag, ImageDetails { id: digest("first build").to_string(), diff_ids, ..ImageDetails::default() });
            Ok(())
        })
    }
}

impl DeriveImages for FakeDocker {
    fn derive_image<'a>(
        &'a self,
        derivation: &'a Derivation,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<ImageDetails, DockerError>> {
        Box::pin(async move {
            self.enter("derive_image", &derivation.tag, Some(cancelled)).await?;
            let mut image = self.find(&derivation.base)?;
            image.labels.extend(derivation.labels.clone());
            for file in &derivation.files {
                image.diff_ids.push(digest(&String::from_utf8_lossy(&file.contents)));
            }
            image.id = digest(&format!("{:?} {:?}", image.labels, image.diff_ids)).to_string();
            self.keep(&derivation.tag, image.clone());
            Ok(image)
        })
    }
}

impl InspectImages for FakeDocker {
    fn inspect_image<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<ImageDetails, DockerError>> {
        Box::pin(async move {
            self.enter("inspect_image", reference, None).await?;
            self.find(reference)
        })
    }

    fn images_with_label<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<Vec<ImageDetails>, DockerError>> {
        Box::pin(async move {
            self.enter("images_with_label", name, None).await?;
            let state = self.0.state();
            let has = |image: &&ImageDetails| image.labels.get(name).is_some_and(|known| known == value);
            Ok(state.images.values().filter(has).cloned().collect())
        })
    }
}

impl SaveImages for FakeDocker {
    fn export_image<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<ImageArchive, DockerError>> {
        Box::pin(async move {
            self.enter("export_image", reference, None).await?;
            let image = self.find(reference)?;
            // Layers hold what builds were sent.
            let layers: Vec<Vec<u8>> = image.diff_ids.iter().filter_map(|id| self.0.state().contexts.get(id).cloned()).collect();
            let mut archive = tokio_tar::Builder::new(Vec::new());
            for layer in layers {
                let mut header = tokio_tar::Header::new_gnu();
                header.set_size(layer.len() as u64);
                header.set_cksum();
                archive.append_data(&mut header, "blobs/sha256/layer", &layer[..]).await.unwrap();
            }
            Ok(Box::pin(std::io::Cursor::new(archive.into_inner().await.unwrap())) as ImageArchive)
        })
    }
}

impl NameImages for FakeDocker {
    fn tag_image<'a>(&'a self, source: &'a str, target: &'a str) -> BoxFuture<'a, Result<(), DockerError>> {
        Box::pin(async move {
            self.enter("tag_image", target, None).await?;
            let image = self.find(source)?;
            self.keep(target, image);
            Ok(())
        })
    }

    fn remove_image<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<(), DockerError>> {
        Box::pin(async move {
            self.enter("remove_image", reference, None).await?;
            self.0.state().images.remove(reference);
            Ok(())
        })
    }
}

impl PushImages for FakeDocker {
    fn push<'a>(
        &'a self,
        push: &'a ImagePush,
        events: &'a mut (dyn FnMut(PushEvent) + Send),
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Pushed, DockerError>> {
        Box::pin(async move {
            assert!(!push.tag.is_empty() && push.tag != "latest", "a push has a tag of its own");
            self.enter("push", &push.repository, Some(cancelled)).await?;
            let credentials = push.credentials.as_ref().expect("a push carries credentials");
            assert_eq!(credentials.host, REGISTRY);
            let image = self.find(&format!("{}:{}", push.repository, push.tag))?;
            let repository = push.repository.strip_prefix(&format!("{REGISTRY}/")).expect("the repository names the registry");
            let model: ModelRef = repository.parse().unwrap();
            events(PushEvent::Progress(PushProgress { sent_bytes: 5, total_bytes: 10 }));
            events(PushEvent::Repeated { reason: "502 Bad Gateway".to_owned(), wait: Duration::from_secs(2) });
            events(PushEvent::Progress(PushProgress { sent_bytes: 10, total_bytes: 10 }));
            events(PushEvent::Layer { outcome: LayerOutcome::Sent, done: 1, layers: 1 });
            let manifest_digest = self.receive(&model, repository, &image)?;
            Ok(Pushed { digest: manifest_digest, manifest_bytes: 1234 })
        })
    }
}

impl RunContainers for FakeDocker {
    fn run<'a>(
        &'a self,
        run: &'a ContainerRun,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<ContainerOutput, DockerError>> {
        Box::pin(async move {
            self.enter("run_container", run.command.last().map_or("", String::as_str), Some(cancelled)).await?;
            let stdout = match run.command.last().map(String::as_str) {
                Some("freeze") => "cog==0.22.0\n".to_owned(),
                Some("cog.command.openapi_schema") => self.0.state().container_schema.to_string(),
                other => panic!("nobody runs {other:?}"),
            };
            Ok(ContainerOutput { exit_code: 0, stdout, ..ContainerOutput::default() })
        })
    }
}

impl FakeDocker {
    /// What the registry and Replicate make of a push.
    fn receive(&self, model: &ModelRef, repository: &str, image: &ImageDetails) -> Result<ImageDigest, DockerError> {
        let mut state = self.0.state();
        if !state.models.contains_key(model) {
            return Err(DockerError::PushDenied {
                repository: repository.to_owned(),
                reason: PushDenial::ModelUnknown,
                message: format!("name unknown: The model https://replicate.com/{model} does not exist"),
            });
        }
        let config = digest(&format!("config {:?} {:?}", image.labels, image.diff_ids));
        let mut layers = layers_of(&image.diff_ids);
        if state.registry_repacks.contains(repository) {
            layers = layers_of(&layers);
        }
        let manifest_digest = digest(&format!("manifest {config} {layers:?}"));
        let manifest = Manifest { digest: manifest_digest.clone(), config, layers, size_bytes: 1234 };
        if !state.registry_loses {
            state.manifests.insert((repository.to_owned(), manifest_digest.clone()), manifest);
        }
        let schema = image.labels.get("run.cog.openapi_schema").and_then(|label| serde_json::from_str(label).ok());
        let version = Version { id: manifest_digest.version_id(), created_at: None, cog_version: None, openapi_schema: schema };
        if !state.versions_never_appear {
            let visible = tokio::time::Instant::now() + state.versions_appear_after;
            let reference = VersionRef { model: model.clone(), id: version.id.clone() };
            state.versions.insert(reference.clone(), (version.clone(), visible));
            state.published.push(reference);
            if let Some(model) = state.models.get_mut(model) {
                model.latest_version = Some(version);
            }
        }
        Ok(manifest_digest)
    }
}
