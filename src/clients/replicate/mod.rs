//! Replicate's HTTP API: `docs/reference/replicate-api.md`.
//!
//! [`Replicate`] is made of small traits, one for each kind of resource. [`RealReplicate`] is the client of the API or of a sandbox, as the
//! base URL decides. What a failed prediction or a strange output means is up to the callers.
//!
//! | trait | calls | repeated after a lost answer |
//! |---|---|---|
//! | [`Accounts`] | `GET /account`, `GET /hardware` | yes |
//! | [`Models`] | `GET`, `POST`, `DELETE /models...`, versions | yes: a second `POST` is a 409, a second `DELETE` a 404 |
//! | [`Predictions`] | `POST /predictions`, `/models/.../predictions`, `/deployments/.../predictions` | only after looking for it |
//! |  | `GET /predictions/{id}`, `POST .../cancel` | yes |
//! | [`Trainings`] | `POST .../trainings` | only after looking for it |
//! |  | `GET /trainings/{id}`, `POST .../cancel` | yes |
//! | [`Deployments`] | `POST /deployments`, `PATCH /deployments/{owner}/{name}` | only after reading it |
//! | [`Files`] | `POST /files`, downloads | yes: files go by themselves |
//!
//! A 429 was never executed and is always repeated, after the requested wait. Calls without a cancellation token may be dropped at any
//! time.

mod accounts;
mod base_url;
mod call;
mod claims;
mod create;
mod data_url;
mod deployments;
mod download;
mod drive;
mod effect;
mod error;
mod files;
mod limits;
mod model_page;
mod models;
mod pace;
mod pages;
mod predictions;
mod real;
mod refusal;
mod throttle;
mod trainings;
mod types;
mod wire;

#[cfg(test)]
mod tests;

pub use accounts::Accounts;
pub use base_url::{BaseUrl, BaseUrlError};
pub use deployments::Deployments;
pub use download::{Download, DownloadLimits};
pub use drive::StatusObserver;
pub use error::{InvalidField, ReplicateError, ReplicateFailure};
pub use files::Files;
pub use limits::{Polling, RunLimits, TimeLimit, TimedOut};
pub use model_page::ModelPages;
pub use models::Models;
pub use pace::Pace;
pub use predictions::Predictions;
pub use real::{RealReplicate, ReplicateOptions};
pub use trainings::{Trainings, trained_version};
pub use types::{
    Account, AccountKind, Deletion, Deployment, DeploymentPatch, DeploymentUpdate, Hardware, Model, ModelCreation, NewDeployment,
    NewFile, NewModel, PredictionRequest, PredictionTarget, TextOfPage, TrainingRequest, UploadedFile, Version, Visibility,
};

/// All of Replicate's API.
pub trait Replicate: Accounts + Models + ModelPages + Predictions + Trainings + Deployments + Files {
    /// The base URL of the API, with `/v1` and without a trailing slash, for commands that users paste.
    fn api_url(&self) -> String;

    /// Number of requests sent, including retries and polls.
    fn requests_sent(&self) -> u64;

    /// Whether the account's credit is so low that the service accepts one creation at a time. The client then sends one at a time,
    /// and a caller that runs cases in parallel should stop doing so.
    fn is_throttled(&self) -> bool;

    /// Whether a Cog server stands in for Replicate: it has predictions and no versions.
    fn is_cog_server(&self) -> bool {
        false
    }
}
