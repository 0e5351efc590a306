//! Options of a sandbox.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::Gpus;

/// Options of a sandbox. The defaults are Replicate's where it has any.
///
/// ```
/// use replicate_sandbox::SandboxOptions;
///
/// // Scripted versions only, owned by the account `acme`.
/// let options = SandboxOptions { docker: false, username: "acme".to_owned(), ..SandboxOptions::default() };
/// ```
#[derive(Clone)]
pub struct SandboxOptions {
    /// The address to listen on. Default: 127.0.0.1.
    pub bind: IpAddr,
    /// The TCP port to listen on. Default: 0, any free port.
    pub port: u16,
    /// Further hosts that requests may name, such as that of this machine in its network. The address to listen on is always answered to,
    /// and loopback names are from this machine; requests for any other host are refused, so that no page in a browser can use the sandbox.
    pub hosts: Vec<String>,
    /// The account that owns the tokens and, by default, the models.
    pub username: String,
    /// The token for `/v1`. Default: random.
    pub api_token: Option<SecretString>,
    /// The token for pushing. Default: random.
    pub cli_token: Option<SecretString>,
    /// Whether pushed versions run in containers. Otherwise only scripted versions answer.
    pub docker: bool,
    /// The Docker daemon, such as `unix:///var/run/docker.sock`. Default: the platform's own.
    pub docker_host: Option<String>,
    /// The GPUs that containers get. Default: none.
    pub gpus: Option<Gpus>,
    /// A Docker network that this process shares with the containers. By default containers publish a port on 127.0.0.1.
    pub docker_network: Option<String>,
    /// A folder with large layers that every model has from the start. Those that are pushed are added to it, so that a daemon sends the
    /// layers of a base image once, and not to each new sandbox. Default: none.
    pub layers: Option<PathBuf>,
    /// The folder in which the sandbox creates its own temporary folder. Default: the system's temporary folder.
    pub data: Option<PathBuf>,
    /// Jobs of one version that run at the same time. Further ones wait as `starting`.
    pub max_instances: usize,
    /// How long a pushed version stays invisible.
    pub version_delay: Duration,
    /// Which pushed manifests become versions.
    pub version_tags: VersionTags,
    /// Entries on a page of a list.
    pub page_size: usize,
    /// Requests answered per minute.
    pub rate_limits: RateLimits,
    /// The way of a request to a service that is far off and back, on top of the work: half passes before, half after it. Default: none.
    pub round_trip: Duration,
    /// A YAML file with models and scripted versions to start with.
    pub script: Option<PathBuf>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            hosts: Vec::new(),
            username: "sandbox".to_owned(),
            api_token: None,
            cli_token: None,
            docker: true,
            docker_host: None,
            gpus: None,
            docker_network: None,
            layers: None,
            data: None,
            max_instances: 16,
            version_delay: Duration::ZERO,
            version_tags: VersionTags::Any,
            page_size: 100,
            rate_limits: RateLimits::default(),
            round_trip: Duration::ZERO,
            script: None,
        }
    }
}

impl fmt::Debug for SandboxOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SandboxOptions")
            .field("bind", &self.bind)
            .field("port", &self.port)
            .field("username", &self.username)
            .field("docker", &self.docker)
            .finish_non_exhaustive()
    }
}

/// Which pushed manifests become versions. What Replicate does is not documented, so clients have to support both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionTags {
    /// Those under any tag.
    Any,
    /// Those under `latest`.
    LatestOnly,
}

/// Requests per minute, by bucket: `docs/reference/replicate-api.md#rate-limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Creations of predictions.
    pub create_prediction: u32,
    /// Reads of a single prediction, as in polling.
    pub get_prediction: u32,
    /// All other requests.
    pub other: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { create_prediction: 600, get_prediction: 60_000, other: 3000 }
    }
}
