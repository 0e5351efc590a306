//! The services of this room.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::clients::docker::{DeriveImages, NameImages, PushImages, RegistryCredentials};
use crate::clients::registry::{Registry, RegistryWriter};
use crate::clients::replicate::Replicate;
use crate::domain::events::{Event, EventKind, Observer};
use crate::publish::PublishError;

/// How long a pushed version may take to become visible. No source says how long it takes; this is twice the estimate of
/// `docs/reference/replicate-api.md#version-ids`.
pub const VERSION_LIMIT: Duration = Duration::from_secs(120);

/// A daemon, as far as pushes need it.
#[derive(Clone)]
pub struct PushDaemon {
    /// Gives the image a label of its own for each push.
    pub derive: Arc<dyn DeriveImages>,
    /// Removes the names that pushes need.
    pub names: Arc<dyn NameImages>,
    pub push: Arc<dyn PushImages>,
}

/// Services for staging, publishing and deploying.
#[derive(Clone)]
pub struct PublishServices {
    /// The daemon that pushes images. `None` for what is done within the registry alone.
    pub daemon: Option<PushDaemon>,
    /// The registry, asked for what arrived.
    pub registry: Arc<dyn Registry>,
    /// The registry, to publish within it. `None` where images are passed by reference.
    pub writer: Option<Arc<dyn RegistryWriter>>,
    /// Replicate, asked for models, versions and deployments.
    pub replicate: Arc<dyn Replicate>,
    /// The registry as the daemon names it: `r8.im`.
    pub registry_host: String,
    /// The account that pushes.
    pub credentials: RegistryCredentials,
}

/// Waits for a call that does not take a cancellation token. The client allows such calls to be dropped.
pub(super) async fn unless_cancelled<T, E: Into<PublishError>>(
    call: impl Future<Output = Result<T, E>>,
    cancelled: &CancellationToken,
) -> Result<T, PublishError> {
    tokio::select! {
        biased;
        () = cancelled.cancelled() => Err(PublishError::Cancelled),
        outcome = call => outcome.map_err(Into::into),
    }
}

/// How long the answer to a manifest is waited for after the run was canceled: less than a stage gets to stop by itself.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// Waits for what decides whether a version exists. A request that was sent cannot be taken back by dropping it, so canceling does not
/// interrupt it; it only limits the time. Returns `None` if that is over.
pub(super) async fn answered<T>(work: impl Future<Output = T>, cancelled: &CancellationToken) -> Option<T> {
    tokio::pin!(work);
    tokio::select! {
        biased;
        outcome = &mut work => Some(outcome),
        () = cancelled.cancelled() => timeout(ANSWER_LIMIT, work).await.ok(),
    }
}

/// Sends an event of a model to the observer.
pub(super) fn emit(observer: &dyn Observer, name: &str, kind: EventKind) {
    observer.observe(Event { model: Some(name.to_owned()), kind });
}
