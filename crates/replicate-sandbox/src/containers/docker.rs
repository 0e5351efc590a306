//! The life cycle of a container: pull, create, start, wait until ready, follow its output, remove.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::errors::Error as DaemonError;
use bollard::models::{ContainerCreateBody, PortBinding};
use bollard::query_parameters::{CreateImageOptionsBuilder, ListContainersOptionsBuilder, LogsOptionsBuilder};
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::sync::{Semaphore, broadcast};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::engine::EngineVersion;
use super::super::job_kind::JobKind;
use super::super::locks::lock;
use super::confinement::host_config;
use super::logs::{LineBuffer, LogLine, Tail, user_line};
use super::protocol::{CogServer, HealthState};
use super::{labels, orphans, remove};
use crate::Gpus;

const COG_PORT: &str = "5000/tcp";
/// How long to wait for the last output of a version that failed to boot.
const LAST_WORDS: Duration = Duration::from_millis(500);

const HEALTH_INTERVAL: Duration = Duration::from_millis(100);
const MAX_CONCURRENCY: usize = 256;
/// How often an image is pulled that is removed before it has a container.
const MAX_PULLS: usize = 3;
const WAITING_LINES: usize = 4096;
/// How long to wait before following the output of a running container again.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(50);
/// How long the daemon may take to deliver the last lines of a container that has exited.
const LAST_LINES: Duration = Duration::from_millis(500);

/// How the process reaches a container's server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Through a port on 127.0.0.1 that the daemon picks.
    PublishedPort,
    /// At the container's address in this Docker network, which this process belongs to as well.
    Network(String),
}

/// Options of the engine.
#[derive(Debug, Clone)]
pub(crate) struct ContainersOptions {
    /// Such as `unix:///var/run/docker.sock`. `None`: the platform's default.
    pub(crate) docker_host: Option<String>,
    /// The GPUs that containers get.
    pub(crate) gpus: Option<Gpus>,
    pub(crate) reach: Reach,
    /// User name and password for pulling from the sandbox's registry.
    pub(crate) registry_credentials: (String, String),
    /// How long a container is kept without a job.
    pub(crate) idle_stop: Duration,
    /// How long booting and `setup()` may take.
    pub(crate) setup_limit: Duration,
    /// This sandbox's id, the value of the label on its containers.
    pub(crate) owner_label: String,
}

impl ContainersOptions {
    /// The defaults: published ports, five minutes idle, ten minutes for the setup.
    pub(crate) fn new(registry_credentials: (String, String), owner_label: String) -> Self {
        Self {
            docker_host: None,
            gpus: None,
            reach: Reach::PublishedPort,
            registry_credentials,
            idle_stop: Duration::from_secs(5 * 60),
            setup_limit: Duration::from_secs(600),
            owner_label,
        }
    }
}

/// A container failed to start or to become ready.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContainerError {
    /// The daemon is unreachable or rejected a request.
    #[error("failed to {act}: {cause}")]
    Docker {
        /// What was attempted; fits after "failed to".
        act: &'static str,
        /// The daemon's error, part of the message because the API passes on text only.
        cause: DaemonError,
    },
    #[error("the model's container has no reachable address")]
    NoAddress,
    /// The message is Replicate's own.
    #[error("model container failed to boot and complete setup within {} seconds", .0.as_secs())]
    SetupTimeout(Duration),
    /// `setup()` failed or the process exited.
    #[error("model setup failed: {0}")]
    Setup(String),
}

/// Whether the daemon does not know what a request names.
fn is_missing(error: &ContainerError) -> bool {
    matches!(error, ContainerError::Docker { cause: DaemonError::DockerResponseServerError { status_code: 404, .. }, .. })
}

fn failed(act: &'static str) -> impl Fn(DaemonError) -> ContainerError {
    move |cause| ContainerError::Docker { act, cause }
}

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

/// The output of a container while it runs.
#[derive(Debug, Clone)]
pub(super) struct Output {
    lines: broadcast::Sender<LogLine>,
    /// The ends of both streams: standard output, standard error.
    tails: Arc<[Mutex<Tail>; 2]>,
    /// Fires when the output is complete, which is when the container exits.
    pub(super) ended: CancellationToken,
}

impl Output {
    fn new() -> Self {
        Self { lines: broadcast::channel(WAITING_LINES).0, tails: Arc::default(), ended: CancellationToken::new() }
    }

    /// The lines from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<LogLine> {
        self.lines.subscribe()
    }

    /// Takes a line of a stream, by its number in `tails`.
    fn push(&self, raw: &str, stream: usize) {
        if let Some(line) = user_line(raw) {
            if let Some(tail) = self.tails.get(stream) {
                lock(tail).push(line.text.clone());
            }
            // It is fine if nobody listens.
            drop(self.lines.send(line));
        }
    }

    /// The last line, of standard error if there is one: a busy daemon mixes up the order of the streams, and a traceback is there.
    fn last_line(&self) -> Option<String> {
        self.tails.iter().rev().find_map(|tail| lock(tail).last_line().map(str::to_owned))
    }
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
            let made = async { Ok((self.concurrency(&version.image).await?, self.create(version, kind).await?)) };
            match made.await {
                Err(error) if is_missing(&error) && version.pull && pulls < MAX_PULLS => {}
                made => return made,
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

/// Reads the container's output until it exits.
async fn follow(docker: Docker, id: String, output: Output) {
    let mut streams = <[Stream; 2]>::default();
    // A daemon may stop following before the last lines are written (seen with Docker 20.10 under load).
    loop {
        read(&docker, &id, true, &mut streams, &output).await;
        if !is_running(&docker, &id).await {
            break;
        }
        tokio::time::sleep(FOLLOW_INTERVAL).await;
    }
    read(&docker, &id, false, &mut streams, &output).await;
    for (which, stream) in streams.iter_mut().enumerate() {
        if let Some(rest) = stream.buffer.rest() {
            output.push(&rest, which);
        }
    }
    output.ended.cancel();
}

/// Whether the container runs. One that cannot be inspected was removed.
async fn is_running(docker: &Docker, id: &str) -> bool {
    let inspected = docker.inspect_container(id, None).await;
    inspected.is_ok_and(|container| container.state.is_some_and(|state| state.running == Some(true)))
}

/// One of the container's two output streams.
#[derive(Default)]
struct Stream {
    buffer: LineBuffer,
    bytes_read: usize,
}

/// Reads on from where the streams stopped.
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
            output.push(&line, which);
        }
    }
}

async fn wait_until_ready(server: &CogServer, output: &Output) -> Result<(), ContainerError> {
    loop {
        if output.ended.is_cancelled() {
            let reason = output.last_line().unwrap_or_else(|| "the container exited without output".to_owned());
            return Err(ContainerError::Setup(reason));
        }
        match server.health().await {
            Ok(health) => match health.status {
                HealthState::Ready | HealthState::Busy => return Ok(()),
                HealthState::SetupFailed | HealthState::Defunct | HealthState::Unhealthy => {
                    // The failure may be reported before the last lines, both in the report and in the output.
                    tokio::select! {
                        () = output.ended.cancelled() => {}
                        () = tokio::time::sleep(LAST_WORDS) => {}
                    }
                    let health = server.health().await.unwrap_or(health);
                    // coglet's report ends with the reason but omits the traceback, which is in the output.
                    let reported =
                        health.setup_logs().lines().rfind(|line| !line.trim().is_empty() && !line.starts_with("[coglet]"));
                    let reason = reported.map(str::to_owned).or_else(|| output.last_line());
                    return Err(ContainerError::Setup(reason.unwrap_or_else(|| "setup() failed".to_owned())));
                }
                HealthState::Starting | HealthState::Unknown => {}
            },
            // The server does not listen yet.
            Err(cause) => tracing::trace!(%cause, "the health check failed"),
        }
        tokio::select! {
            () = output.ended.cancelled() => {}
            () = tokio::time::sleep(HEALTH_INTERVAL) => {}
        }
    }
}
