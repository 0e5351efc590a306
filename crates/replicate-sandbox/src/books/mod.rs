//! The books: models, versions, jobs, deployments and uploaded files. Plain values behind one lock; nothing here waits.

mod deployments;
mod ids;
mod jobs;
mod models;
mod store;
mod uploads;

pub(super) use deployments::{Configuration, Deployment, Release};
pub(super) use ids::{job_id, scripted_version_id};
pub(super) use jobs::{Job, Metrics, Status};
pub use models::Visibility;
pub(super) use models::{Model, Runs, Version, is_model_name, is_name};
pub(super) use store::Books;
pub(super) use uploads::Upload;
