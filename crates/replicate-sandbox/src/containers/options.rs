//! What the containers of a sandbox have in common.

use std::time::Duration;

use crate::Gpus;

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
