//! The Docker daemon: builds, images, pushes and one-off containers.
//!
//! - [`Docker`]: a daemon by its roles, each a trait, so that a stage takes only those it needs; [`RealDocker`] has them all, through
//!   bollard
//! - [`DockerError`]: errors by meaning, each with a hint
//! - [`LostImages`]: repeats what needed an image that another run has removed
//! - [`TemporaryImage`] and [`push_tag`]: names that go with the run; [`RealDocker::find_leftovers`]: what killed runs left
//!
//! What goes into a build, and what its output means, is up to the `build` room. Daemons from 20.10 on are supported
//! (API 1.41); `docs/reference/cog.md#docker-2010` lists the quirks of that version.

mod api_version;
mod build;
mod container;
mod derive;
mod endpoint;
mod error;
mod leftovers;
mod lost;
mod messages;
mod network;
mod own_container;
mod progress;
mod push;
mod real;
mod reference;
mod roles;
mod session;
mod temporary;
mod types;

pub use error::{DockerError, PushDenial};
pub use leftovers::Removal;
pub use lost::LostImages;
pub use network::OwnNetwork;
pub use own_container::own_container;
pub use progress::BuildEvent;
pub use real::RealDocker;
pub use roles::{
    BuildContext, BuildImages, DeriveImages, DescribeDaemon, Docker, ImageArchive, InspectImages, NameImages, PushImages,
    RunContainers, SaveImages,
};
pub use temporary::{TemporaryImage, push_tag};
pub use types::{
    BuildNetwork, BuildSecret, ContainerOutput, ContainerRun, DaemonVersion, Derivation, DerivedFile, DiskUsage, ImageBuild,
    ImageDetails, ImagePush, PushEvent, PushProgress, Pushed, RegistryCredentials,
};
