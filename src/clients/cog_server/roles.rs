//! What a server has besides predictions: the files of its outputs. Everything else is Replicate's own.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio_util::sync::CancellationToken;

use super::CogServer;
use crate::clients::replicate::{
    Account, Accounts, Deletion, Deployment, DeploymentPatch, DeploymentUpdate, Deployments, Download, DownloadLimits, Files,
    Hardware, Model, ModelCreation, ModelPages, Models, NewDeployment, NewFile, NewModel, Replicate, ReplicateError,
    ReplicateFailure, TextOfPage, TrainingRequest, Trainings, UploadedFile, Version,
};
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::prediction::{Prediction, PredictionId};

/// The error of every call that needs an account at Replicate.
fn only_on_replicate<T>(attempted: &str) -> Result<T, ReplicateError> {
    let detail = "a Cog server runs predictions and nothing else".to_owned();
    Err(ReplicateError::new(attempted, ReplicateFailure::Rejected { status: 501, detail }))
}

#[async_trait]
impl Files for CogServer {
    /// A file goes into the input itself: a server stores nothing.
    async fn upload_file(&self, file: &NewFile) -> Result<UploadedFile, ReplicateError> {
        let url = format!("data:{};base64,{}", file.content_type, STANDARD.encode(&file.bytes));
        Ok(UploadedFile { url, expires_at: None })
    }

    async fn download(&self, url: &str, limits: &DownloadLimits) -> Result<Download, ReplicateError> {
        self.inner.files.download(url, limits).await
    }
}

#[async_trait]
impl Accounts for CogServer {
    async fn account(&self) -> Result<Account, ReplicateError> {
        only_on_replicate("get the account")
    }

    async fn hardware(&self) -> Result<Vec<Hardware>, ReplicateError> {
        only_on_replicate("list hardware")
    }
}

#[async_trait]
impl Models for CogServer {
    async fn model(&self, _: &ModelRef) -> Result<Option<Model>, ReplicateError> {
        only_on_replicate("get a model")
    }

    async fn create_model(&self, _: &NewModel) -> Result<ModelCreation, ReplicateError> {
        only_on_replicate("create a model")
    }

    async fn delete_model(&self, _: &ModelRef) -> Result<Deletion, ReplicateError> {
        only_on_replicate("delete a model")
    }

    async fn version(&self, _: &VersionRef) -> Result<Option<Version>, ReplicateError> {
        only_on_replicate("get a version")
    }

    async fn versions(&self, _: &ModelRef) -> Result<Vec<Version>, ReplicateError> {
        only_on_replicate("list versions")
    }

    async fn wait_for_version(&self, _: &VersionRef, _: Duration, _: &CancellationToken) -> Result<Version, ReplicateError> {
        only_on_replicate("wait for a version")
    }

    async fn delete_version(&self, _: &VersionRef) -> Result<Deletion, ReplicateError> {
        only_on_replicate("delete a version")
    }
}

#[async_trait]
impl ModelPages for CogServer {
    async fn readme(&self, _: &ModelRef) -> Result<Option<String>, ReplicateError> {
        only_on_replicate("get a README")
    }

    async fn update_page(&self, _: &ModelRef, _: &TextOfPage) -> Result<(), ReplicateError> {
        only_on_replicate("update a page")
    }
}

#[async_trait]
impl Trainings for CogServer {
    async fn create_training(&self, _: &TrainingRequest, _: &CancellationToken) -> Result<Prediction, ReplicateError> {
        only_on_replicate("create a training")
    }

    async fn training(&self, _: &PredictionId) -> Result<Prediction, ReplicateError> {
        only_on_replicate("get a training")
    }

    async fn cancel_training(&self, _: &PredictionId) -> Result<Prediction, ReplicateError> {
        only_on_replicate("cancel a training")
    }
}

#[async_trait]
impl Deployments for CogServer {
    async fn deployment(&self, _: &str, _: &str) -> Result<Option<Deployment>, ReplicateError> {
        only_on_replicate("get a deployment")
    }

    async fn create_deployment(&self, _: &NewDeployment) -> Result<Deployment, ReplicateError> {
        only_on_replicate("create a deployment")
    }

    async fn update_deployment(&self, _: &str, _: &str, _: &DeploymentPatch) -> Result<DeploymentUpdate, ReplicateError> {
        only_on_replicate("update a deployment")
    }
}

impl Replicate for CogServer {
    fn api_url(&self) -> String {
        self.url()
    }

    fn requests_sent(&self) -> u64 {
        self.inner.requests.load(Ordering::Relaxed)
    }

    fn is_throttled(&self) -> bool {
        false
    }

    fn is_cog_server(&self) -> bool {
        true
    }
}
