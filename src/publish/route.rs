//! How a cleared version reaches its model: within the registry, or else through the Docker daemon.
//!
//! The registry has every byte that was tested, so it is asked first. The daemon pushes what the registry cannot: an image of a second
//! pass, manifests with parts of unknown kinds, and where neither mounts nor uploads of ours are taken. It does not repeat what the
//! registry refuses to this account, nor what the registry may have done already. Right before a manifest is sent, and before the daemon
//! starts, the model is checked once more.

use tokio_util::sync::CancellationToken;

use crate::clients::registry::Manifest;
use crate::domain::cleared::Cleared;
use crate::domain::events::{EventKind, Observer};
use crate::domain::identity::{ImageDigest, ModelRef, VersionRef};
use crate::domain::report::Transfer;
use crate::publish::push::{PushedVersion, push, read_back, unconfirmed};
use crate::publish::services::{answered, emit};
use crate::publish::transfer::{Audience, Prepared, Put, Source, TransferError, prepare};
use crate::publish::unmoved::check_moved;
use crate::publish::{PublishError, PublishServices};

/// A version in its model's repository, not yet confirmed by Replicate.
pub(super) struct Sent {
    pub(super) pushed: PushedVersion,
    pub(super) transfer: Transfer,
}

/// Sends what was cleared to its model.
pub(super) async fn send(
    name: &str,
    cleared: &Cleared,
    services: &PublishServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<Sent, PublishError> {
    let reason = match within_registry(name, cleared, services, observer, cancelled).await {
        Ok(sent) => return Ok(sent),
        Err(RouteError::ToDaemon(reason)) => reason,
        Err(RouteError::ForGood(error)) => return Err(error),
    };
    let Some(image) = cleared.image() else {
        return Err(PublishError::NoLocalImage { version: Box::new(cleared.staged().version.clone()), reason });
    };
    if services.writer.is_some() {
        emit(observer, name, EventKind::Notice(format!("publishing through the Docker daemon: {reason}")));
        // Layers may have been streamed for long.
        check_moved(cleared, services, cancelled).await?;
    }
    let pushed = push(name, image, cleared.model(), services, observer, cancelled).await?;
    Ok(Sent { pushed, transfer: Transfer::by_daemon(reason) })
}

/// Why the registry alone did not do it.
pub(super) enum RouteError {
    /// The daemon may be able to.
    ToDaemon(String),
    ForGood(PublishError),
}

impl From<TransferError> for RouteError {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::LeftToDaemon(reason) => Self::ToDaemon(reason),
            TransferError::Failed(error) => Self::ForGood(error),
        }
    }
}

impl From<PublishError> for RouteError {
    fn from(error: PublishError) -> Self {
        Self::ForGood(error)
    }
}

async fn within_registry(
    name: &str,
    cleared: &Cleared,
    services: &PublishServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<Sent, RouteError> {
    if !cleared.is_staged_image() {
        return Err(RouteError::ToDaemon("the image without the key is not in the registry".to_owned()));
    }
    let copy = Copy { name, from: &cleared.staged().version, to: cleared.model(), cleared: Some(cleared) };
    copy_version(&copy, services, observer, cancelled).await
}

/// A version to copy to another model, or within its own.
pub(super) struct Copy<'a> {
    /// The model's name, as its events carry it.
    pub(super) name: &'a str,
    pub(super) from: &'a VersionRef,
    pub(super) to: &'a ModelRef,
    /// Names the version that is replaced. `None` for a test model.
    pub(super) cleared: Option<&'a Cleared>,
}

/// Creates a version from one that the registry has, under a fresh `run.cog.push_id`.
pub(super) async fn copy_version(
    copy: &Copy<'_>,
    services: &PublishServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<Sent, RouteError> {
    let Some(writer) = services.writer.as_deref() else {
        return Err(RouteError::ToDaemon("images are passed by reference here".to_owned()));
    };
    let model = copy.to;
    let to = model.to_string();
    let source = Source { staged: copy.from, to: &to };
    let audience = Audience { name: copy.name, observer };
    let mut prepared = interruptible(prepare(&source, writer, audience), cancelled).await?;
    let version = VersionRef { model: model.clone(), id: prepared.digest().version_id() };
    loop {
        if let Some(cleared) = copy.cleared {
            check_moved(cleared, services, cancelled).await?;
        }
        let missing = match answered(settle(&prepared, &version, services), cancelled).await {
            Some(Ok(Settled::Published(manifest))) => {
                let pushed = PushedVersion { version, layers: manifest.layers };
                return Ok(Sent { pushed, transfer: prepared.outcome() });
            }
            Some(Ok(Settled::Missing(digests))) => digests,
            Some(Err(left)) => return Err(left),
            None => {
                let source = Box::new(PublishError::Cancelled);
                return Err(PublishError::Unanswered { version: Box::new(version), source }.into());
            }
        };
        interruptible(prepared.repair(&missing), cancelled).await?;
    }
}

/// Waits for a call that changes no version, and drops it when the run is canceled.
pub(super) async fn interruptible<T>(
    work: impl Future<Output = Result<T, TransferError>>,
    cancelled: &CancellationToken,
) -> Result<T, RouteError> {
    tokio::select! {
        biased;
        () = cancelled.cancelled() => Err(PublishError::Cancelled.into()),
        outcome = work => Ok(outcome?),
    }
}

pub(super) enum Settled {
    Published(Manifest),
    /// Nothing was published.
    Missing(Vec<ImageDigest>),
}

/// Puts the manifest and reads it back.
pub(super) async fn settle(
    prepared: &Prepared<'_>,
    version: &VersionRef,
    services: &PublishServices,
) -> Result<Settled, RouteError> {
    if let Put::Missing(digests) = prepared.put(version).await? {
        return Ok(Settled::Missing(digests));
    }
    match read_back(&version.model, prepared.digest(), services, &CancellationToken::new()).await {
        Ok(manifest) => Ok(Settled::Published(manifest)),
        Err(error) => Err(unconfirmed(version, error).into()),
    }
}
