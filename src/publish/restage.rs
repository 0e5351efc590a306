//! Copies an existing version to the test model within the registry, so that it can be tried before it is published again.

use cog_findings::Finding;
use tokio_util::sync::CancellationToken;

use crate::domain::cleared::Staged;
use crate::domain::events::{EventKind, Observer};
use crate::domain::identity::{ModelRef, VersionRef};
use crate::publish::push::confirm;
use crate::publish::route::{Copy, RouteError, Sent, copy_version};
use crate::publish::services::emit;
use crate::publish::stage::{StagedVersion, TestModel};
use crate::publish::{PublishError, PublishServices, VERSION_LIMIT, models};

/// A version to copy, and its destination.
#[derive(Debug, Clone, Copy)]
pub struct RestageRequest<'a> {
    /// The model's name, as its events carry it.
    pub name: &'a str,
    pub version: &'a VersionRef,
    /// The test model.
    pub model: &'a ModelRef,
    /// The hardware to create the test model on if it is missing.
    pub hardware: Option<&'a str>,
    /// Whether the test model may be public.
    pub may_be_public: bool,
}

/// Copies an existing version to the test model, and waits until the copy is visible.
///
/// # Errors
/// Those of [`stage`](crate::publish::stage()), and [`PublishError::NoLocalImage`] when the registry does not copy it.
pub async fn restage(
    request: &RestageRequest<'_>,
    services: &PublishServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<StagedVersion, PublishError> {
    let RestageRequest { name, version, model, hardware, may_be_public } = *request;
    let place = TestModel { name, model, hardware, may_be_public };
    let (test_model, model_created) = place.find_or_create(services, observer, cancelled).await?;
    let copy = Copy { name, from: version, to: model, cleared: None };
    let Sent { pushed, .. } = copy_version(&copy, services, observer, cancelled).await.map_err(|left| match left {
        RouteError::ToDaemon(reason) => PublishError::NoLocalImage { version: Box::new(version.clone()), reason },
        RouteError::ForGood(error) => error,
    })?;
    let findings: Vec<Finding> = models::findings(&test_model);
    confirm(&pushed.version, VERSION_LIMIT, services, cancelled).await?;
    emit(observer, name, EventKind::VersionReady(pushed.version.clone()));
    let staged = Staged { version: pushed.version, image: None, layers: pushed.layers };
    Ok(StagedVersion { staged, model_created, findings })
}
