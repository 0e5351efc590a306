//! Locates this process from the daemon's point of view: in one of the daemon's containers, or on the daemon's machine.

use std::net::IpAddr;

use crate::clients::docker::{DockerError, RealDocker};

/// A network that this process's container shares with other containers of the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnNetwork {
    pub name: String,
    /// The address of this process in it.
    pub address: IpAddr,
}

impl RealDocker {
    /// The network of the container with this id. `None` if the daemon does not know the container, or if it has no network of its
    /// own: a container on the machine's network reaches what the machine reaches.
    pub async fn network_of(&self, container: &str) -> Result<Option<OwnNetwork>, DockerError> {
        let inspected = match self.client.inspect_container(container, None).await {
            Ok(inspected) => inspected,
            // It is a container of another daemon.
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => return Ok(None),
            Err(error) => return Err(self.meaning("inspect our own container", container, error)),
        };
        let networks = inspected.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
        let mut found: Vec<OwnNetwork> = networks
            .into_iter()
            .filter(|(name, _)| name != "host" && name != "none")
            .filter_map(|(name, endpoint)| Some(OwnNetwork { name, address: endpoint.ip_address?.parse().ok()? }))
            .collect();
        // The runner joins one. If there are several, any works, but always the same is picked.
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found.into_iter().next())
    }
}
