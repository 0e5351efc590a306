//! Pushes images as versions, confirms them by digest, and updates the deployment.
//!
//! - [`check_ready`] finds before a build what would stop a push: a missing model, a wrong account
//! - [`stage`] pushes a built image to the private test model, or puts a grafted one there, and creates the model if it is missing
//! - [`find_or_create_destination`] finds or creates the model that trainings end in
//! - [`restage`] copies an existing version to the test model, within the registry
//! - [`check_rights`] finds before a build which models the CLI token may not push to
//! - [`publish`] publishes what is [`Cleared`](crate::domain::cleared::Cleared), and nothing else, to the live model: the same layers under
//!   a fresh `run.cog.push_id`, within the registry where it can, if the version that it was checked against is
//!   still the newest
//! - [`deploy`] updates the deployment
//!
//! Each push has a name of its own in the Docker daemon, which is removed when the push is over, however it ends. The order of these steps
//! and the meaning of a failure are left to the `pipeline` room.

mod deploy;
mod error;
mod graft;
mod grafted_image;
mod known_layers;
mod latest;
mod live;
mod models;
mod moved;
mod published;
mod push;
mod ready;
mod restage;
mod rights;
mod route;
pub mod rules;
mod services;
mod stage;
mod transfer;
mod unmoved;
mod version_label;
mod weigh;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use deploy::{DeployRequest, Deployed, deploy};
pub use error::PublishError;
pub use grafted_image::GraftedImage;
pub use known_layers::RelatedImage;
pub use live::{publish, publish_official};
pub use models::{Destination, find_or_create_destination};
pub use moved::Moved;
pub use published::Published;
pub use ready::{Readiness, ReadyRequest, check_ready};
pub use restage::{RestageRequest, restage};
pub use rights::check_rights;
pub use services::{PublishServices, PushDaemon, VERSION_LIMIT};
pub use stage::{StageImage, StageRequest, StagedVersion, stage};
pub use unmoved::check_moved;
pub use version_label::label_of;
pub use weigh::{ImageWeight, LayerWeight, weigh};
