//! Push to the test model.

use std::time::Duration;

use cog_findings::Finding;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::Model;
use crate::domain::cleared::{BuiltImage, Staged};
use crate::domain::events::{EventKind, Observer};
use crate::domain::identity::ModelRef;
use crate::publish::known_layers::{RelatedImage, mount_known};
use crate::publish::latest::point_latest;
use crate::publish::push::{confirm, push, unconfirmed};
use crate::publish::services::emit;
use crate::publish::{GraftedImage, PublishError, PublishServices, graft, models};

#[derive(Debug, Clone, Copy)]
pub enum StageImage<'a> {
    /// The daemon has it.
    Built(&'a BuiltImage),
    /// It is put together in the registry.
    Grafted(&'a GraftedImage),
}

/// An image to stage, and its destination.
#[derive(Debug, Clone, Copy)]
pub struct StageRequest<'a> {
    /// The model's name, as its events carry it.
    pub name: &'a str,
    pub image: StageImage<'a>,
    /// Images in the registry that may share layers with it.
    pub related: &'a [RelatedImage],
    /// The test model.
    pub model: &'a ModelRef,
    /// The hardware to create the test model on if it is missing.
    pub hardware: Option<&'a str>,
    /// Whether the test model may be public.
    pub may_be_public: bool,
    /// How long the version may take to become visible.
    pub version_limit: Duration,
}

/// A staged version, and findings about the test model.
#[derive(Debug, Clone)]
pub struct StagedVersion {
    /// The version, visible under its id.
    pub staged: Staged,
    /// Whether the test model was created by this call.
    pub model_created: bool,
    /// Findings about the test model.
    pub findings: Vec<Finding>,
}

/// The test model that a version goes to.
pub(super) struct TestModel<'a> {
    pub(super) name: &'a str,
    pub(super) model: &'a ModelRef,
    pub(super) hardware: Option<&'a str>,
    pub(super) may_be_public: bool,
}

impl TestModel<'_> {
    pub(super) async fn find_or_create(
        &self,
        services: &PublishServices,
        observer: &dyn Observer,
        cancelled: &CancellationToken,
    ) -> Result<(Model, bool), PublishError> {
        let Self { name, model, hardware, may_be_public } = *self;
        let (found, created) = models::find_or_create(model, hardware, services.replicate.as_ref(), cancelled).await?;
        models::check_visibility(&found, may_be_public)?;
        if created {
            emit(observer, name, EventKind::Notice(format!("created the private test model {model}")));
        }
        Ok((found, created))
    }
}

/// Makes an image a version of the test model, and waits until the version is visible.
///
/// # Errors
/// [`PublishError::GraftRefused`] when a graft cannot be put, so that a build has to take its place. Other errors: the test model is
/// missing and cannot be created, the push is refused, the registry does not have what was pushed, or the version never appears.
pub async fn stage(
    request: &StageRequest<'_>,
    services: &PublishServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<StagedVersion, PublishError> {
    let StageRequest { name, image, related, model, hardware, may_be_public, version_limit } = *request;
    let place = TestModel { name, model, hardware, may_be_public };
    let (test_model, model_created) = place.find_or_create(services, observer, cancelled).await?;
    let mut findings = models::findings(&test_model);
    let (pushed, image) = match image {
        StageImage::Built(image) => {
            mount_known(image, related, model, services, cancelled).await;
            let pushed = push(name, image, model, services, observer, cancelled).await?;
            let pointed = point_latest(&pushed.version, services, cancelled).await;
            findings.extend(pointed.map_err(|error| unconfirmed(&pushed.version, error))?);
            (pushed, Some(image.clone()))
        }
        StageImage::Grafted(image) => (graft::put(name, image, model, services, observer, cancelled).await?, None),
    };
    confirm(&pushed.version, version_limit, services, cancelled).await?;
    emit(observer, name, EventKind::VersionReady(pushed.version.clone()));
    Ok(StagedVersion { staged: Staged { version: pushed.version, image, layers: pushed.layers }, model_created, findings })
}
