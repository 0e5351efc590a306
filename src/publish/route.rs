//! The way that a cleared version takes to its model: within the registry, or else through the Docker daemon.
//!
//! The registry has every byte that was tested, so it is asked first. The daemon pushes what the registry cannot: an image of a second pass,
//! manifests with parts of unknown kinds, and where neither mounts nor uploads of ours are taken. It does not try again what the registry
//! refuses to this account, nor what the registry may have done already.

use tokio_util::sync::CancellationToken;

use crate::domain::cleared::Cleared;
use crate::domain::events::{EventKind, Observer};
use crate::domain::identity::VersionRef;
use crate::domain::report::Transfer;
use crate::publish::push::{PushedVersion, push, read_back, unconfirmed};
use crate::publish::services::tell;
use crate::publish::transfer::{Audience, Source, TransferError, transfer};
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
        Err(Left::ToDaemon(reason)) => reason,
        Err(Left::ForGood(error)) => return Err(error),
    };
    if services.writer.is_some() {
        tell(observer, name, EventKind::Notice(format!("publishing through the Docker daemon: {reason}")));
    }
    let pushed = push(name, cleared.image(), cleared.model(), services, observer, cancelled).await?;
    Ok(Sent { pushed, transfer: Transfer::by_daemon(reason) })
}

enum Left {
    ToDaemon(String),
    ForGood(PublishError),
}

async fn within_registry(
    name: &str,
    cleared: &Cleared,
    services: &PublishServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<Sent, Left> {
    let model = cleared.model();
    let Some(writer) = services.writer.as_deref() else {
        return Err(Left::ToDaemon("images are passed by reference here".to_owned()));
    };
    if !cleared.is_staged_image() {
        return Err(Left::ToDaemon("the image without the key is not in the registry".to_owned()));
    }
    let to = model.to_string();
    let source = Source { staged: &cleared.staged().version, to: &to };
    let transferred = tokio::select! {
        biased;
        () = cancelled.cancelled() => return Err(Left::ForGood(PublishError::Cancelled)),
        transferred = transfer(&source, writer, Audience { name, observer }) => transferred,
    };
    let (digest, transfer) = transferred.map_err(|error| match error {
        TransferError::LeftToDaemon(reason) => Left::ToDaemon(reason),
        TransferError::Failed(error) => Left::ForGood(error.into()),
    })?;
    let version = VersionRef { model: model.clone(), id: digest.version_id() };
    match read_back(model, &digest, services, cancelled).await {
        Ok(manifest) => Ok(Sent { pushed: PushedVersion { version, layers: manifest.layers }, transfer }),
        Err(error) => Err(Left::ForGood(unconfirmed(&version, error))),
    }
}
