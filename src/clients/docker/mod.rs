//! The Docker daemon: builds, images, pushes and one-off containers.
//!
//! - [`Docker`]: what the stages ask for; [`RealDocker`] asks the daemon through bollard
//! - [`DockerError`]: errors by meaning, each with the way out
//!
//! What goes into a build, and what its output means to a user, is left to the `build` room. Works with daemons from 20.10
//! (API 1.41); `docs/reference/cog.md#docker-2010` lists the quirks of that version.

mod api;
mod api_version;
mod build;
mod container;
mod derive;
mod endpoint;
mod error;
mod network;
mod progress;
mod push;
mod real;
mod reference;
mod session;
mod types;

pub use api::{Context, Docker, ImageArchive};
pub use error::{DockerError, PushDenial};
pub use network::{OwnNetwork, container_of_mounts};
pub use progress::BuildEvent;
pub use real::RealDocker;
pub use types::{
    BuildNetwork, BuildSecret, ContainerOutput, ContainerRun, DaemonVersion, Derivation, DerivedFile, DiskUsage, ImageBuild,
    ImageDetails, ImagePush, PushEvent, PushProgress, Pushed, RegistryCredentials,
};
