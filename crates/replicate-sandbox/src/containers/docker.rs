//! The life cycle of a container: pull, create, start, remove.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::models::{ContainerCreateBody, PortBinding};
use bollard::query_parameters::{CreateImageOptionsBuilder, ListContainersOptionsBuilder};
use futures::TryStreamExt as _;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::super::engine::EngineVersion;
use super::super::job_kind::JobKind;
use super::super::locks::lock;
use super::confinement::host_config;
use super::error::{ContainerError, failed, is_missing};
use super::options::{ContainersOptions, Reach};
use super::output::{Output, follow};
use super::protocol::CogServer;
use super::ready::wait_until_ready;
use super::{labels, orphans, remove};
use crate::Gpus;

const COG_PORT: &str = "5000/tcp";
const MAX_CONCURRENCY: usize = 256;
/// How often an image is pulled that is removed before it has a container.
const MAX_PULLS: usize = 3;
/// How long the daemon may take to deliver the last lines of a container that has exited.
const LAST_LINES: Duration = Duration::from_millis(500);

/// The daemon, and the options that all containers of this sandbox share.
#[derive(Debug, Clone)]
pub(super) struct Daemon {
    docker: Docker,
    options: Arc<ContainersOptions>,
    /// The names of the images that were pulled.
    pulled: Arc<Mutex<BTreeSet<String>>>,
}

/// A container that is ready. Removed when the last reference to it is dropped.
#[derive(Debug)]
pub(super) struct RunningContainer {
    pub(super) server: CogServer,
    /// One permit for each job that the version accepts at the same time.
    pub(super) permits: Arc<Semaphore>,
    pub(super) output: Output,
    container: OwnedContainer,
}

/// An image that the daemon has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalImage {
    /// 64 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) labels: BTreeMap<String, String>,
}

/// Removes its container when dropped, also when the future that started it was dropped.
#[derive(Debug)]
struct OwnedContainer {
    docker: Docker,
    id: String,
    removed: bool,
}

impl OwnedContainer {
    async fn remove(&mut self) {
        self.removed = true;
        remove::container(&self.docker, &self.id).await;
    }
}

impl Drop for OwnedContainer {
    fn drop(&mut self) {
        if self.removed {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (docker, id) = (self.docker.clone(), self.id.clone());
            runtime.spawn(async move { remove::container(&docker, &id).await });
        }
    }
}

impl RunningContainer {
    /// Removes the container and waits until it is gone.
    pub(super) async fn remove(&self) {
        remove::container(&self.container.docker, &self.container.id).await;
    }
}

impl Daemon {
    pub(super) async fn connect(options: ContainersOptions) -> Result<Self, ContainerError> {
        let docker = match &options.docker_host {
            Some(host) => Docker::connect_with_host(host),
            None => Docker::connect_with_local_defaults(),
        };
        // Older daemons reject the API version that the client uses by default.
        let docker = docker.map_err(failed("connect to Docker"))?.negotiate_version().await.map_err(failed("connect to Docker"))?;
        Ok(Self { docker, options: Arc::new(options), pulled: Arc::default() })
    }

    pub(super) fn idle_stop(&self) -> Duration {
        self.options.idle_stop
    }

    /// Removes what sandboxes left behind whose process is gone, and returns how many containers and image names.
    pub(super) async fn remove_orphans(&self) -> Result<usize, ContainerError> {
        orphans::remove_orphans(&self.docker).await.map_err(failed("remove what earlier sandboxes left"))
    }

    /// Removes all containers of this sandbox, including those whose start was interrupted.
    pub(super) async fn remove_own(&self) -> Result<(), ContainerError> {
        let label = format!("{}={}", labels::SANDBOX, self.options.owner_label);
        let filters = HashMap::from([("label".to_owned(), vec![label])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let containers = self.docker.list_containers(Some(options)).await.map_err(failed("list containers"))?;
        let ids: Vec<String> = containers.into_iter().filter_map(|container| container.id).collect();
        futures::future::join_all(ids.iter().map(|id| remove::container(&self.docker, id))).await;
        Ok(())
    }

    /// Removes the images that this sandbox pulled. Their containers have to be gone.
    pub(super) async fn remove_pulled(&self) {
        let pulled = std::mem::take(&mut *lock(&self.pulled));
        futures::future::join_all(pulled.iter().map(|name| remove::image_name(&self.docker, name))).await;
    }

    /// Boots a version and waits until its setup is complete. `logs` receives each line of its output.
    pub(super) async fn boot(
        &self,
        version: &EngineVersion,
        kind: JobKind,
        logs: impl Fn(String),
    ) -> Result<RunningContainer, ContainerError> {
        let (concurrency, container) = self.container(version, kind).await?;
        let started = Instant::now();
        self.docker.start_container(&container.id, None).await.map_err(failed("start the container"))?;
        let output = Output::new();
        let mut lines = output.subscribe();
        tokio::spawn(follow(self.docker.clone(), container.id.clone(), output.clone()));
        let result = {
            let mut boot = std::pin::pin!(self.ready_server(&container.id, &output, started));
            loop {
                tokio::select! {
                    biased;
                    Ok(line) = lines.recv() => logs(line.text),
                    result = &mut boot => break result,
                }
            }
        };
        if result.is_err() {
            // The traceback may arrive after the failure was noticed.
            while let Ok(Ok(line)) = tokio::time::timeout(LAST_LINES, lines.recv()).await {
                logs(line.text);
            }
        }
        match result {
            Ok(server) => Ok(RunningContainer { server, permits: Arc::new(Semaphore::new(concurrency)), output, container }),
            Err(cause) => {
                let mut container = container;
                container.remove().await;
                Err(cause)
            }
        }
    }

    /// Makes the container, with the number of jobs that it accepts at the same time.
    ///
    /// A daemon without the containerd store removes an image with its last name, and takes a name with it that a pull gives the image at
    /// that moment. So an image that is gone is pulled again.
    async fn container(&self, version: &EngineVersion, kind: JobKind) -> Result<(usize, OwnedContainer), ContainerError> {
        let mut pulls = 0;
        loop {
            if version.pull {
                pulls += 1;
                self.pull(&version.image).await?;
            }
            let created = async { Ok((self.concurrency(&version.image).await?, self.create(version, kind).await?)) };
            match created.await {
                Err(error) if is_missing(&error) && version.pull && pulls < MAX_PULLS => {}
                created => return created,
            }
        }
    }

    async fn ready_server(&self, id: &str, output: &Output, started: Instant) -> Result<CogServer, ContainerError> {
        let server = CogServer::new(self.address(id).await?);
        let limit = self.options.setup_limit.saturating_sub(started.elapsed());
        match tokio::time::timeout(limit, wait_until_ready(&server, output)).await {
            Ok(ready) => ready.map(|()| server),
            Err(_elapsed) => Err(ContainerError::SetupTimeout(self.options.setup_limit)),
        }
    }

    async fn pull(&self, image: &str) -> Result<(), ContainerError> {
        // Before the pull, which the daemon may complete when nobody waits for it any more.
        lock(&self.pulled).insert(image.to_owned());
        let (username, password) = self.options.registry_credentials.clone();
        let server = image.split('/').next().map(str::to_owned);
        let credentials =
            DockerCredentials { username: Some(username), password: Some(password), serveraddress: server, ..Default::default() };
        let options = CreateImageOptionsBuilder::new().from_image(image).build();
        let mut progress = std::pin::pin!(self.docker.create_image(Some(options), None, Some(credentials)));
        while progress.try_next().await.map_err(failed("pull the image"))?.is_some() {}
        Ok(())
    }

    pub(super) async fn local_image(&self, reference: &str) -> Result<LocalImage, ContainerError> {
        let image = self.docker.inspect_image(reference).await.map_err(failed("inspect the image"))?;
        let id = image.id.unwrap_or_default();
        let labels = image.config.and_then(|config| config.labels).unwrap_or_default();
        Ok(LocalImage { id: id.strip_prefix("sha256:").unwrap_or(&id).to_owned(), labels: labels.into_iter().collect() })
    }

    /// How many jobs the version accepts at the same time. No server reports it, but Cog sets it in the image.
    async fn concurrency(&self, image: &str) -> Result<usize, ContainerError> {
        let image = self.docker.inspect_image(image).await.map_err(failed("inspect the image"))?;
        let environment = image.config.and_then(|config| config.env).unwrap_or_default();
        let configured = environment.iter().find_map(|entry| entry.strip_prefix("COG_MAX_CONCURRENCY=")?.parse().ok());
        Ok(configured.unwrap_or(1).clamp(1, MAX_CONCURRENCY))
    }

    async fn create(&self, version: &EngineVersion, kind: JobKind) -> Result<OwnedContainer, ContainerError> {
        let command = matches!(kind, JobKind::Training)
            .then(|| ["python", "-m", "cog.server.http", "--x-mode", "train"].map(str::to_owned).to_vec());
        let mut host = host_config();
        host.device_requests = self.options.gpus.as_ref().map(Gpus::requests);
        match &self.options.reach {
            Reach::PublishedPort => {
                let port = PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some("0".to_owned()) };
                host.port_bindings = Some(HashMap::from([(COG_PORT.to_owned(), Some(vec![port]))]));
            }
            Reach::Network(name) => host.network_mode = Some(name.clone()),
        }
        let body = ContainerCreateBody {
            image: Some(version.image.clone()),
            cmd: command,
            exposed_ports: Some(vec![COG_PORT.to_owned()]),
            labels: Some(labels::of(&self.options.owner_label)),
            host_config: Some(host),
            ..Default::default()
        };
        let created = self.docker.create_container(None, body).await.map_err(failed("create the container"))?;
        Ok(OwnedContainer { docker: self.docker.clone(), id: created.id, removed: false })
    }

    async fn address(&self, id: &str) -> Result<String, ContainerError> {
        let inspected = self.docker.inspect_container(id, None).await.map_err(failed("inspect the container"))?;
        // A process that exited at once has no address any more. Its output explains more than the missing address.
        let ended = inspected.state.as_ref().is_some_and(|state| state.running == Some(false));
        let network = inspected.network_settings.unwrap_or_default();
        let address = match &self.options.reach {
            Reach::PublishedPort => {
                let bindings = network.ports.and_then(|mut ports| ports.remove(COG_PORT).flatten()).unwrap_or_default();
                bindings.into_iter().find_map(|binding| binding.host_port).map(|port| format!("127.0.0.1:{port}"))
            }
            Reach::Network(name) => {
                let endpoint = network.networks.and_then(|mut networks| networks.remove(name));
                endpoint.and_then(|endpoint| endpoint.ip_address).filter(|ip| !ip.is_empty()).map(|ip| format!("{ip}:5000"))
            }
        };
        match address {
            Some(address) => Ok(address),
            None if ended => Ok("127.0.0.1:0".to_owned()),
            None => Err(ContainerError::NoAddress),
        }
    }
}
