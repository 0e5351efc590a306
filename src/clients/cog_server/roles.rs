//! What a server has besides predictions: the files of its outputs. Everything else is Replicate's own.

use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
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

impl Files for CogServer {
    /// A file goes into the input itself: a server stores nothing.
    fn upload_file<'a>(&'a self, file: &'a NewFile) -> BoxFuture<'a, Result<UploadedFile, ReplicateError>> {
        Box::pin(async move {
            let url = format!("data:{};base64,{}", file.content_type, STANDARD.encode(&file.bytes));
            Ok(UploadedFile { url, expires_at: None })
        })
    }

    fn download<'a>(&'a self, url: &'a str, limits: &'a DownloadLimits) -> BoxFuture<'a, Result<Download, ReplicateError>> {
        self.inner.files.download(url, limits)
    }
}

impl Accounts for CogServer {
    fn account<'a>(&'a self) -> BoxFuture<'a, Result<Account, ReplicateError>> {
        Box::pin(async move { only_on_replicate("get the account") })
    }

    fn hardware<'a>(&'a self) -> BoxFuture<'a, Result<Vec<Hardware>, ReplicateError>> {
        Box::pin(async move { only_on_replicate("list hardware") })
    }
}

impl Models for CogServer {
    fn model<'a>(&'a self, _: &'a ModelRef) -> BoxFuture<'a, Result<Option<Model>, ReplicateError>> {
        Box::pin(async move { only_on_replicate("get a model") })
    }

    fn create_model<'a>(&'a self, _: &'a NewModel) -> BoxFuture<'a, Result<ModelCreation, ReplicateError>> {
        Box::pin(async move { only_on_replicate("create a model") })
    }

    fn delete_model<'a>(&'a self, _: &'a ModelRef) -> BoxFuture<'a, Result<Deletion, ReplicateError>> {
        Box::pin(async move { only_on_replicate("delete a model") })
    }

    fn version<'a>(&'a self, _: &'a VersionRef) -> BoxFuture<'a, Result<Option<Version>, ReplicateError>> {
        Box::pin(async move { only_on_replicate("get a version") })
    }

    fn versions<'a>(&'a self, _: &'a ModelRef) -> BoxFuture<'a, Result<Vec<Version>, ReplicateError>> {
        Box::pin(async move { only_on_replicate("list versions") })
    }

    fn wait_for_version<'a>(
        &'a self,
        _: &'a VersionRef,
        _: Duration,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Version, ReplicateError>> {
        Box::pin(async move { only_on_replicate("wait for a version") })
    }

    fn delete_version<'a>(&'a self, _: &'a VersionRef) -> BoxFuture<'a, Result<Deletion, ReplicateError>> {
        Box::pin(async move { only_on_replicate("delete a version") })
    }
}

impl ModelPages for CogServer {
    fn readme<'a>(&'a self, _: &'a ModelRef) -> BoxFuture<'a, Result<Option<String>, ReplicateError>> {
        Box::pin(async move { only_on_replicate("get a README") })
    }

    fn update_page<'a>(&'a self, _: &'a ModelRef, _: &'a TextOfPage) -> BoxFuture<'a, Result<(), ReplicateError>> {
        Box::pin(async move { only_on_replicate("update a page") })
    }
}

impl Trainings for CogServer {
    fn create_training<'a>(
        &'a self,
        _: &'a TrainingRequest,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move { only_on_replicate("create a training") })
    }

    fn training<'a>(&'a self, _: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move { only_on_replicate("get a training") })
    }

    fn cancel_training<'a>(&'a self, _: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move { only_on_replicate("cancel a training") })
    }
}

impl Deployments for CogServer {
    fn deployment<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Option<Deployment>, ReplicateError>> {
        Box::pin(async move { only_on_replicate("get a deployment") })
    }

    fn create_deployment<'a>(&'a self, _: &'a NewDeployment) -> BoxFuture<'a, Result<Deployment, ReplicateError>> {
        Box::pin(async move { only_on_replicate("create a deployment") })
    }

    fn update_deployment<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: &'a DeploymentPatch,
    ) -> BoxFuture<'a, Result<DeploymentUpdate, ReplicateError>> {
        Box::pin(async move { only_on_replicate("update a deployment") })
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
