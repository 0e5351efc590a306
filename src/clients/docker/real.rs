//! The client of a real daemon, over bollard.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use bollard::errors::Error as BollardError;
use bollard::models::ImageInspect;
use bollard::query_parameters::{DataUsageOptions, ListImagesOptions, RemoveImageOptions, TagImageOptions};
use futures::TryStreamExt as _;
use futures::future::BoxFuture;
use process_mark::ProcessMark;
use tokio_util::io::StreamReader;
use tokio_util::sync::CancellationToken;

use crate::clients::docker::api_version::{OLDEST_API, is_supported};
use crate::clients::docker::endpoint::Endpoint;
use crate::clients::docker::own_container::own_container;
use crate::clients::docker::reference::split_reference;
use crate::clients::docker::{
    BuildContext, BuildEvent, BuildImages, ContainerOutput, ContainerRun, DaemonVersion, Derivation, DeriveImages, DescribeDaemon,
    DiskUsage, DockerError, ImageArchive, ImageBuild, ImageDetails, ImagePush, InspectImages, NameImages, PushEvent, PushImages,
    Pushed, RunContainers, SaveImages,
};

/// What a daemon with the containerd store says of its driver.
const CONTAINERD_STORE: &str = "io.containerd.snapshotter.";

/// Limit for the daemon to respond.
const CALL_LIMIT: Duration = Duration::from_secs(120);

/// Limit for calls whose response is a stream: its head may arrive only after the context was read.
pub(super) const STREAM_LIMIT: Duration = Duration::from_secs(6 * 60 * 60);

/// A Docker daemon, reached through its API.
#[derive(Debug, Clone)]
pub struct RealDocker {
    pub(super) client: bollard::Docker,
    pub(super) patient: bollard::Docker,
    pub(super) endpoint: Endpoint,
}

impl RealDocker {
    /// Connects to the daemon at `DOCKER_HOST` and negotiates the API version. `None` or empty: the default socket.
    pub async fn connect(docker_host: Option<&str>) -> Result<Self, DockerError> {
        let endpoint = Endpoint::parse(docker_host);
        let host = endpoint.to_string();
        let meaning = |error| DockerError::from_bollard(&host, "connect to the Docker daemon", "", CALL_LIMIT, error);
        let client = bollard::Docker::connect_with_host(&host).map_err(meaning)?.with_timeout(CALL_LIMIT);
        let client = client.negotiate_version().await.map_err(meaning)?;
        let server = client.client_version().to_string();
        if !is_supported(&server) {
            return Err(DockerError::ApiTooOld { server, needed: OLDEST_API.to_owned() });
        }
        // Marks name our container only where the daemon that gets them knows it.
        if let Some(container) = own_container()
            && client.inspect_container(&container, None).await.is_ok()
        {
            ProcessMark::set_container(&container);
        }
        Ok(Self { patient: client.clone().with_timeout(STREAM_LIMIT), client, endpoint })
    }

    /// The meaning of a call's error.
    pub(super) fn meaning(&self, attempted: &str, subject: &str, error: BollardError) -> DockerError {
        DockerError::from_bollard(&self.endpoint.to_string(), attempted, subject, CALL_LIMIT, error)
    }
}

fn bytes(count: Option<i64>) -> u64 {
    count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default()
}

fn details(image: ImageInspect) -> ImageDetails {
    let config = image.config.unwrap_or_default();
    let mut settings = serde_json::to_value(&config).unwrap_or_default();
    if let Some(settings) = settings.as_object_mut() {
        settings.remove("Labels");
    }
    settings.sort_all_objects();
    ImageDetails {
        id: image.id.unwrap_or_default(),
        diff_ids: image
            .root_fs
            .and_then(|root| root.layers)
            .unwrap_or_default()
            .iter()
            .filter_map(|layer| layer.parse().ok())
            .collect(),
        labels: config.labels.unwrap_or_default().into_iter().collect::<BTreeMap<_, _>>(),
        environment: config.env.unwrap_or_default(),
        working_folder: config.working_dir.unwrap_or_default(),
        settings: settings.to_string(),
        size_bytes: bytes(image.size),
        names: image.repo_tags.unwrap_or_default(),
        digests: image.repo_digests.unwrap_or_default(),
    }
}

impl DescribeDaemon for RealDocker {
    fn version<'a>(&'a self) -> BoxFuture<'a, Result<DaemonVersion, DockerError>> {
        Box::pin(async move {
            let attempted = "read the Docker daemon's version";
            let version = self.client.version().await.map_err(|error| self.meaning(attempted, "", error))?;
            let info = self.client.info().await.map_err(|error| self.meaning(attempted, "", error))?;
            Ok(DaemonVersion {
                engine: version.version.unwrap_or_default(),
                api: version.api_version.unwrap_or_default(),
                storage: info.driver.filter(|driver| !driver.is_empty()),
                has_nvidia_runtime: info.runtimes.is_some_and(|runtimes| runtimes.contains_key("nvidia")),
                root_folder: info.docker_root_dir.filter(|folder| !folder.is_empty()).map(PathBuf::from),
            })
        })
    }

    fn disk_usage<'a>(&'a self) -> BoxFuture<'a, Result<DiskUsage, DockerError>> {
        Box::pin(async move {
            let usage = self
                .client
                .df(None::<DataUsageOptions>)
                .await
                .map_err(|error| self.meaning("read the Docker daemon's disk usage", "", error))?;
            Ok(DiskUsage {
                images_bytes: bytes(usage.image_usage.and_then(|images| images.total_size)),
                build_cache_bytes: bytes(usage.build_cache_usage.and_then(|cache| cache.total_size)),
            })
        })
    }
}

impl BuildImages for RealDocker {
    fn build<'a>(
        &'a self,
        build: &'a ImageBuild,
        context: BuildContext,
        events: &'a mut (dyn FnMut(BuildEvent) + Send),
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), DockerError>> {
        Box::pin(self.build_image(build, context, events, cancelled))
    }
}

impl DeriveImages for RealDocker {
    fn derive_image<'a>(
        &'a self,
        derivation: &'a Derivation,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<ImageDetails, DockerError>> {
        Box::pin(self.derive(derivation, cancelled))
    }
}

impl InspectImages for RealDocker {
    fn inspect_image<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<ImageDetails, DockerError>> {
        Box::pin(async move {
            let image = self.client.inspect_image(reference).await;
            image.map(details).map_err(|error| self.meaning("inspect the image", reference, error))
        })
    }

    fn images_with_label<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<Vec<ImageDetails>, DockerError>> {
        Box::pin(async move {
            let filters = HashMap::from([("label".to_owned(), vec![format!("{name}={value}")])]);
            let options = ListImagesOptions { filters: Some(filters), ..ListImagesOptions::default() };
            let found = self.client.list_images(Some(options)).await.map_err(|error| self.meaning("list images", "", error))?;
            let mut images = Vec::new();
            for image in found {
                match self.inspect_image(&image.id).await {
                    Ok(details) => images.push(details),
                    // It was removed after it was listed.
                    Err(DockerError::NoSuchImage { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(images)
        })
    }
}

impl SaveImages for RealDocker {
    fn export_image<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<ImageArchive, DockerError>> {
        Box::pin(async move {
            let stream = self.patient.export_image(reference).map_err(std::io::Error::other);
            Ok(Box::pin(StreamReader::new(Box::pin(stream))) as ImageArchive)
        })
    }
}

impl NameImages for RealDocker {
    fn tag_image<'a>(&'a self, source: &'a str, target: &'a str) -> BoxFuture<'a, Result<(), DockerError>> {
        Box::pin(async move {
            let (repository, tag) = split_reference(target);
            let options = TagImageOptions { repo: Some(repository.to_owned()), tag: Some(tag.to_owned()) };
            let tagged = self.client.tag_image(source, Some(options)).await;
            tagged.map_err(|error| self.meaning(&format!("tag an image as {target}"), source, error))
        })
    }

    fn remove_image<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<(), DockerError>> {
        Box::pin(async move {
            let removed = self.client.remove_image(reference, None::<RemoveImageOptions>, None).await;
            match removed.map_err(|error| self.meaning(&format!("remove the image {reference}"), reference, error)) {
                Ok(_) | Err(DockerError::NoSuchImage { .. }) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }
}

impl PushImages for RealDocker {
    fn push<'a>(
        &'a self,
        push: &'a ImagePush,
        events: &'a mut (dyn FnMut(PushEvent) + Send),
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Pushed, DockerError>> {
        Box::pin(self.push_image(push, events, cancelled))
    }

    fn asks_for_packed_layers<'a>(&'a self) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let info = self.client.info().await.inspect_err(|error| tracing::debug!(%error, "the daemon's store is not known"));
            let status = info.ok().and_then(|info| info.driver_status).unwrap_or_default();
            status.iter().flatten().any(|value| value.starts_with(CONTAINERD_STORE))
        })
    }
}

impl RunContainers for RealDocker {
    fn run<'a>(
        &'a self,
        run: &'a ContainerRun,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<ContainerOutput, DockerError>> {
        Box::pin(self.run_container(run, cancelled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_missing_socket_is_named() {
        let error = RealDocker::connect(Some("unix:///nonexistent/docker.sock")).await.unwrap_err();
        assert!(matches!(error, DockerError::SocketMissing { .. }), "{error:?}");
        assert!(error.hint().is_some_and(|hint| hint.contains("mount the socket")));
    }

    #[tokio::test]
    async fn a_closed_port_means_not_running() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = RealDocker::connect(Some(&format!("tcp://{address}"))).await.unwrap_err();
        assert!(matches!(error, DockerError::NotRunning { .. }), "{error:?}");
    }
}
