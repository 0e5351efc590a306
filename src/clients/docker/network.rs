//! Locates this process from the daemon's point of view: in one of the daemon's containers, or on the daemon's machine.

use std::net::IpAddr;

use crate::clients::docker::{DockerError, RealDocker};

/// A network that this process's container shares with other containers of the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnNetwork {
    /// Its name.
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

/// The id of this process's container, from its mounts: the daemon mounts a few files from a folder named by the container's id.
pub fn container_of_mounts(mounts: &str) -> Option<&str> {
    let fields = mounts.lines().filter_map(|line| line.split(' ').nth(3));
    let ids = fields.filter_map(|root| root.split_once("/containers/")?.1.strip_suffix("/hostname"));
    ids.into_iter().find(|id| id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_known_by_its_mounts() {
        let id = "a95c4d9826ae778994f51592485c9a9339882d1665a2cf0d58267dcac149e7de";
        let mounts = format!(
            "69 41 0:35 / / rw,relatime - overlay overlay rw\n\
             86 69 254:0 /var/lib/docker/containers/{id}/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda rw\n\
             87 69 254:0 /var/lib/docker/containers/{id}/hostname /etc/hostname rw - ext4 /dev/vda rw\n"
        );
        assert_eq!(container_of_mounts(&mounts), Some(id));
        for other in ["", "22 1 254:0 / / rw - ext4 /dev/vda rw", "1 2 3:4 /containers/abc/hostname /etc/hostname rw - ext4 x rw"] {
            assert_eq!(container_of_mounts(other), None);
        }
    }
}
