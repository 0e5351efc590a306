//! A container's life: pull, create, start, wait until it is ready, follow its output, remove.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::errors::Error as DaemonError;
use bollard::models::{ContainerCreateBody, HostConfig, PortBinding};
use bollard::query_parameters::{
    CreateImageOptionsBuilder, ListContainersOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
};
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::sync::{Semaphore, broadcast};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::engine::EngineVersion;
use super::super::job_kind::JobKind;
use super::super::locks::lock;
use super::labels;
use super::logs::{LineBuffer, LogLine, Tail, user_line};
use super::protocol::{CogServer, HealthState};

const COG_PORT: &str = "5000/tcp";
/// How long a version that failed to boot is listened to.
const LAST_WORDS: Duration = Duration::from_millis(500);

const HEALTH_INTERVAL: Duration = Duration::from_millis(100);
const MEMORY_BYTES: i64 = 16 * 1024 * 1024 * 1024;
const MAX_PROCESSES: i64 = 4096;
const MAX_CONCURRENCY: usize = 256;
const WAITING_LINES: usize = 4096;
/// How long the daemon may take to hand over the last lines of a container that ended.
const LAST_LINES: Duration = Duration::from_millis(500);
const GONE_INTERVAL: Duration = Duration::from_millis(50);
const GONE_LIMIT: Duration = Duration::from_secs(10);

/// How the process reaches a container's server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Through a port of 127.0.0.1 that the daemon picks.
    PublishedPort,
    /// At the container's own address in this Docker network, to which this process belongs too.
    Network(String),
}

/// What the engine needs to know.
#[derive(Debug, Clone)]
pub(crate) struct ContainersOptions {
    /// Such as `unix:///var/run/docker.sock`; the platform's own if `None`.
    pub(crate) docker_host: Option<String>,
    /// How the process reaches a container's server.
    pub(crate) reach: Reach,
    /// User name and password for pulling from the sandbox's registry.
    pub(crate) registry_credentials: (String, String),
    /// How long a container without a job is kept.
    pub(crate) idle_stop: Duration,
    /// How long booting and `setup()` may take.
    pub(crate) setup_limit: Duration,
    /// This sandbox's id, the value of the label on its containers.
    pub(crate) owner_label: String,
}

impl ContainersOptions {
    /// Published ports, five minutes of idling, ten of set-up.
    pub(crate) fn new(registry_credentials: (String, String), owner_label: String) -> Self {
        Self {
            docker_host: None,
            reach: Reach::PublishedPort,
            registry_credentials,
            idle_stop: Duration::from_secs(5 * 60),
            setup_limit: Duration::from_secs(600),
            owner_label,
        }
    }
}

/// No container came up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContainerError {
    /// The daemon refused or was not there.
    #[error("docker could not {act}: {cause}")]
    Docker {
        /// What was asked for.
        act: &'static str,
        /// The daemon's reason, shown to users because the API hands on text only.
        cause: DaemonError,
    },
    /// Started, but without an address.
    #[error("the model's container has no address that can be reached")]
    NoAddress,
    /// Replicate's own text for the same.
    #[error("model container failed to boot and complete setup within {} seconds", .0.as_secs())]
    SetupTimeout(Duration),
    /// `setup()` failed or the process ended.
    #[error("model setup failed: {0}")]
    Setup(String),
}

fn failed(act: &'static str) -> impl Fn(DaemonError) -> ContainerError {
    move |cause| ContainerError::Docker { act, cause }
}

/// The daemon, and what every container of this sandbox has in common.
#[derive(Debug, Clone)]
pub(super) struct Daemon {
    docker: Docker,
    options: Arc<ContainersOptions>,
}

/// A container that is up. Removed when the last holder lets go of it.
#[derive(Debug)]
pub(super) struct RunningContainer {
    pub(super) server: CogServer,
    /// One permit for each job that the version takes at a time.
    pub(super) permits: Arc<Semaphore>,
    pub(super) output: Output,
    container: OwnedContainer,
}

/// A container's output as it comes.
#[derive(Debug, Clone)]
pub(super) struct Output {
    lines: broadcast::Sender<LogLine>,
    tail: Arc<Mutex<Tail>>,
    /// Fires when there is no more to come, which is when the container ends.
    pub(super) ended: CancellationToken,
}

impl Output {
    fn new() -> Self {
        Self { lines: broadcast::channel(WAITING_LINES).0, tail: Arc::default(), ended: CancellationToken::new() }
    }

    /// Lines from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<LogLine> {
        self.lines.subscribe()
    }

    fn push(&self, raw: &str) {
        if let Some(line) = user_line(raw) {
            lock(&self.tail).push(line.text.clone());
            // Nobody listening is no failure.
            drop(self.lines.send(line));
        }
    }

    fn last_line(&self) -> Option<String> {
        lock(&self.tail).last_line().map(str::to_owned)
    }
}

/// An image that the daemon has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalImage {
    /// 64 digits.
    pub(crate) id: String,
    pub(crate) labels: BTreeMap<String, String>,
}

/// Removes its container when dropped, whatever became of the future that started it.
#[derive(Debug)]
struct OwnedContainer {
    docker: Docker,
    id: String,
    removed: bool,
}

impl OwnedContainer {
    async fn remove(&mut self) {
        self.removed = true;
        remove(&self.docker, &self.id).await;
    }
}

impl Drop for OwnedContainer {
    fn drop(&mut self) {
        if self.removed {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (docker, id) = (self.docker.clone(), self.id.clone());
            runtime.spawn(async move { remove(&docker, &id).await });
        }
    }
}

async fn remove(docker: &Docker, id: &str) {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match docker.remove_container(id, Some(options)).await {
        // 404: removed from outside.
        Ok(()) | Err(DaemonError::DockerResponseServerError { status_code: 404, .. }) => {}
        // 409: somebody is removing it already. It is gone when the daemon no longer knows it.
        Err(DaemonError::DockerResponseServerError { status_code: 409, .. }) => {
            let gone = async {
                while docker.inspect_container(id, None).await.is_ok() {
                    tokio::time::sleep(GONE_INTERVAL).await;
                }
            };
            if tokio::time::timeout(GONE_LIMIT, gone).await.is_err() {
                tracing::warn!(container = id, "a sandbox container is slow to go");
            }
        }
        Err(cause) => tracing::warn!(%cause, container = id, "a sandbox container could not be removed"),
    }
}

impl RunningContainer {
    /// Removes the container and waits for it.
    pub(super) async fn remove(&self) {
        remove(&self.container.docker, &self.container.id).await;
    }
}

impl Daemon {
    pub(super) async fn connect(options: ContainersOptions) -> Result<Self, ContainerError> {
        let docker = match &options.docker_host {
            Some(host) => Docker::connect_with_host(host),
            None => Docker::connect_with_local_defaults(),
        };
        // Older daemons refuse the version of the API that the client speaks by itself.
        let docker = docker.map_err(failed("be reached"))?.negotiate_version().await.map_err(failed("be reached"))?;
        Ok(Self { docker, options: Arc::new(options) })
    }

    pub(super) fn idle_stop(&self) -> Duration {
        self.options.idle_stop
    }

    /// Removes containers of sandboxes whose process is gone, and says how many.
    pub(super) async fn remove_orphans(&self) -> Result<usize, ContainerError> {
        self.remove_where(labels::SANDBOX.to_owned(), labels::is_orphan).await
    }

    /// Removes every container of this sandbox, also one whose start was interrupted.
    pub(super) async fn remove_own(&self) -> Result<usize, ContainerError> {
        self.remove_where(format!("{}={}", labels::SANDBOX, self.options.owner_label), |_| true).await
    }

    async fn remove_where(
        &self,
        label: String,
        wanted: impl Fn(&HashMap<String, String>) -> bool,
    ) -> Result<usize, ContainerError> {
        let filters = HashMap::from([("label".to_owned(), vec![label])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let containers = self.docker.list_containers(Some(options)).await.map_err(failed("list containers"))?;
        let ids: Vec<String> = containers
            .into_iter()
            .filter(|container| container.labels.as_ref().is_some_and(&wanted))
            .filter_map(|container| container.id)
            .collect();
        futures::future::join_all(ids.iter().map(|id| remove(&self.docker, id))).await;
        Ok(ids.len())
    }

    /// Boots a version and waits until its set-up is complete. `logs` is called with each line of it.
    pub(super) async fn boot(
        &self,
        version: &EngineVersion,
        kind: JobKind,
        logs: impl Fn(String),
    ) -> Result<RunningContainer, ContainerError> {
        if version.pull {
            self.pull(&version.image).await?;
        }
        let concurrency = self.concurrency(&version.image).await?;
        let container = self.create(version, kind).await?;
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
            // The traceback may come after the verdict.
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

    async fn ready_server(&self, id: &str, output: &Output, started: Instant) -> Result<CogServer, ContainerError> {
        let server = CogServer::new(self.address(id).await?);
        let limit = self.options.setup_limit.saturating_sub(started.elapsed());
        match tokio::time::timeout(limit, wait_until_ready(&server, output)).await {
            Ok(ready) => ready.map(|()| server),
            Err(_elapsed) => Err(ContainerError::SetupTimeout(self.options.setup_limit)),
        }
    }

    async fn pull(&self, image: &str) -> Result<(), ContainerError> {
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
        let image = self.docker.inspect_image(reference).await.map_err(failed("find the image"))?;
        let id = image.id.unwrap_or_default();
        let labels = image.config.and_then(|config| config.labels).unwrap_or_default();
        Ok(LocalImage { id: id.strip_prefix("sha256:").unwrap_or(&id).to_owned(), labels: labels.into_iter().collect() })
    }

    /// How many jobs the version takes at a time: no server says it, but Cog bakes it into the image.
    async fn concurrency(&self, image: &str) -> Result<usize, ContainerError> {
        let image = self.docker.inspect_image(image).await.map_err(failed("find the image"))?;
        let environment = image.config.and_then(|config| config.env).unwrap_or_default();
        let configured = environment.iter().find_map(|entry| entry.strip_prefix("COG_MAX_CONCURRENCY=")?.parse().ok());
        Ok(configured.unwrap_or(1).clamp(1, MAX_CONCURRENCY))
    }

    async fn create(&self, version: &EngineVersion, kind: JobKind) -> Result<OwnedContainer, ContainerError> {
        let command = matches!(kind, JobKind::Training)
            .then(|| ["python", "-m", "cog.server.http", "--x-mode", "train"].map(str::to_owned).to_vec());
        let mut host = HostConfig {
            memory: Some(MEMORY_BYTES),
            pids_limit: Some(MAX_PROCESSES),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            cap_drop: Some(vec!["NET_RAW".to_owned()]),
            extra_hosts: Some(vec!["host.docker.internal:host-gateway".to_owned()]),
            // Its output is wanted when it dies; removing it is ours to do.
            auto_remove: Some(false),
            ..Default::default()
        };
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
        // A process that ended at once has no address any more; its output says more than its absence.
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

/// Reads the container's output to its end.
async fn follow(docker: Docker, id: String, output: Output) {
    let mut streams = <[Stream; 2]>::default();
    read(&docker, &id, true, &mut streams, &output).await;
    // A daemon may stop following when the container ends, with the last words still unsaid (seen with Docker 20.10 under load).
    read(&docker, &id, false, &mut streams, &output).await;
    for rest in streams.iter_mut().filter_map(|stream| stream.buffer.rest()) {
        output.push(&rest);
    }
    output.ended.cancel();
}

/// One of the container's two streams.
#[derive(Default)]
struct Stream {
    buffer: LineBuffer,
    bytes_read: usize,
}

/// Reads on from where the streams are.
async fn read(docker: &Docker, id: &str, follow: bool, streams: &mut [Stream; 2], output: &Output) {
    let options = LogsOptionsBuilder::new().follow(follow).stdout(true).stderr(true).build();
    let mut pieces = std::pin::pin!(docker.logs(id, Some(options)));
    let mut known = [streams[0].bytes_read, streams[1].bytes_read];
    while let Some(Ok(piece)) = pieces.next().await {
        let which = usize::from(matches!(piece, bollard::container::LogOutput::StdErr { .. }));
        let bytes = piece.as_ref();
        let skipped = known[which].min(bytes.len());
        known[which] -= skipped;
        streams[which].bytes_read += bytes.len() - skipped;
        for line in streams[which].buffer.push(&bytes[skipped..]) {
            output.push(&line);
        }
    }
}

async fn wait_until_ready(server: &CogServer, output: &Output) -> Result<(), ContainerError> {
    loop {
        if output.ended.is_cancelled() {
            let reason = output.last_line().unwrap_or_else(|| "the container ended without a word".to_owned());
            return Err(ContainerError::Setup(reason));
        }
        match server.health().await {
            Ok(health) => match health.status {
                HealthState::Ready | HealthState::Busy => return Ok(()),
                HealthState::SetupFailed | HealthState::Defunct | HealthState::Unhealthy => {
                    // The verdict may be there before the last words, in the report as well as in the output.
                    tokio::select! {
                        () = output.ended.cancelled() => {}
                        () = tokio::time::sleep(LAST_WORDS) => {}
                    }
                    let health = server.health().await.unwrap_or(health);
                    // coglet's report ends with the reason, but is silent about the traceback, which is in the output.
                    let reported =
                        health.setup_logs().lines().rfind(|line| !line.trim().is_empty() && !line.starts_with("[coglet]"));
                    let reason = reported.map(str::to_owned).or_else(|| output.last_line());
                    return Err(ContainerError::Setup(reason.unwrap_or_else(|| "setup() failed".to_owned())));
                }
                HealthState::Starting | HealthState::Unknown => {}
            },
            // Nobody listens yet.
            Err(cause) => tracing::trace!(%cause, "no health yet"),
        }
        tokio::select! {
            () = output.ended.cancelled() => {}
            () = tokio::time::sleep(HEALTH_INTERVAL) => {}
        }
    }
}
