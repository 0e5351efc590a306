//! What earlier runs left on this machine because they were killed, and what a cleanup did about it.

use std::path::PathBuf;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftContainer {
    /// The daemon's id.
    pub id: String,
    /// Its name, which the daemon invented.
    pub name: String,
    /// The image it runs.
    pub image: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftNetwork {
    /// The daemon's id.
    pub id: String,
    pub name: String,
}

/// A name of an image. The image goes with its last name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftImage {
    /// `REPOSITORY:TAG`.
    pub name: String,
    /// The size of the image. Other images may share its layers.
    pub size_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftFolder {
    /// Where it is.
    pub path: PathBuf,
    /// The size of its files.
    pub size_bytes: u64,
}

/// What was left in the Docker daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftInDaemon {
    pub containers: Vec<LeftContainer>,
    pub networks: Vec<LeftNetwork>,
    /// Names of images.
    pub images: Vec<LeftImage>,
    /// The number of things whose process may still run, where this machine cannot see it.
    pub kept: usize,
}

impl LeftInDaemon {
    /// Whether there is nothing to remove.
    pub fn is_empty(&self) -> bool {
        self.containers.is_empty() && self.networks.is_empty() && self.images.is_empty()
    }

    /// The number of things to remove.
    pub fn len(&self) -> usize {
        self.containers.len() + self.networks.len() + self.images.len()
    }
}

/// The result of a cleanup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleanup {
    /// Whether nothing was removed, only listed.
    pub dry_run: bool,
    /// What was removed from the daemon, or would be.
    pub daemon: LeftInDaemon,
    /// Folders that were removed, or would be.
    pub folders: Vec<LeftFolder>,
    /// The space that was freed. For a list: the size of its folders, since images share layers.
    pub freed_bytes: u64,
    /// What could not be checked or removed, and why.
    pub problems: Vec<String>,
}
