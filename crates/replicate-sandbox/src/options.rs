//! What a sandbox is started with.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// How a sandbox is started. The defaults are those of Replicate where it has any.
#[derive(Clone)]
pub struct SandboxOptions {
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// The account that owns the tokens and, unless said otherwise, the models.
    pub username: String,
    /// The token for `/v1`; random if `None`.
    pub api_token: Option<SecretString>,
    /// The token for pushing; random if `None`.
    pub cli_token: Option<SecretString>,
    /// Whether pushed versions run in containers. Without, only scripted versions answer.
    pub docker: bool,
    /// The daemon, such as `unix:///var/run/docker.sock`; the platform's own if `None`.
    pub docker_host: Option<String>,
    /// The Docker network that this process shares with the containers. `None`: they publish a port of 127.0.0.1.
    pub docker_network: Option<String>,
    /// Where files are kept, in a folder of their own that goes with the sandbox. The system's temporary folder if `None`.
    pub data: Option<PathBuf>,
    /// How many jobs of one version run at once. Further ones wait as `starting`.
    pub max_instances: usize,
    /// How long a pushed version stays invisible.
    pub version_delay: Duration,
    /// How many entries a page of a list has.
    pub page_size: usize,
    /// How many requests are answered in a minute.
    pub rate_limits: RateLimits,
    /// A YAML file with models and scripted versions to begin with.
    pub script: Option<PathBuf>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            username: "sandbox".to_owned(),
            api_token: None,
            cli_token: None,
            docker: true,
            docker_host: None,
            docker_network: None,
            data: None,
            max_instances: 16,
            version_delay: Duration::ZERO,
            page_size: 100,
            rate_limits: RateLimits::default(),
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

/// Requests a minute, by bucket: `docs/reference/replicate-api.md#rate-limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Predictions created.
    pub create_prediction: u32,
    /// Single predictions read, as polling does.
    pub get_prediction: u32,
    /// Everything else.
    pub other: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { create_prediction: 600, get_prediction: 60_000, other: 3000 }
    }
}
