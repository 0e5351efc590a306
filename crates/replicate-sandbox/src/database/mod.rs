//! The database: models, versions, jobs, deployments and uploaded files, as plain values behind one lock.

mod deployments;
mod ids;
mod jobs;
mod models;
mod tables;
mod uploads;

pub(super) use deployments::{Configuration, Deployment, Release};
pub(super) use ids::{job_id, scripted_version_id};
pub(super) use jobs::{Job, Metrics, Status};
pub use models::Visibility;
pub(super) use models::{Model, Runtime, Version, is_model_name, is_name};
pub(super) use tables::Database;
pub(super) use uploads::Upload;
