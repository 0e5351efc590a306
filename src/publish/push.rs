//! One push: an image becomes a version of a model.

use std::time::Duration;

use cog_source::labels::PUSH_ID;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clients::ErrorKind;
use crate::clients::docker::{DockerError, ImagePush, LostImages, PushEvent, RegistryCredentials, push_tag};
use crate::clients::http::pause;
use crate::clients::registry::Manifest;
use crate::domain::cleared::BuiltImage;
use crate::domain::events::{EventKind, Observer};
use crate::domain::identity::{ImageDigest, ModelRef, VersionRef};
use crate::publish::services::{PushDaemon, emit, unless_cancelled};
use crate::publish::{PublishError, PublishServices};
use crate::support::retry::RetryPolicy;

/// A push is retried as Cog retries uploads: five times, from two seconds. See `docs/reference/cog.md#order-of-a-push`.
const PUSH_RETRY: RetryPolicy =
    RetryPolicy { retries: 5, first_wait: Duration::from_secs(2), longest_wait: Duration::from_secs(30) };

/// How long the registry may take to show what it just took.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(15);

/// How often it is asked.
const ARRIVAL_POLL: Duration = Duration::from_secs(1);

/// How long the registry may take to say whether an interrupted push arrived.
const ANYWAY_LIMIT: Duration = Duration::from_secs(2);

/// How long the daemon may take to remove a name; shorter when the run was canceled.
const FORGET_LIMIT: Duration = Duration::from_secs(30);
const FORGET_LIMIT_CANCELLED: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(super) struct PushedVersion {
    /// The version, not yet confirmed by Replicate.
    pub(super) version: VersionRef,
    /// The layers as the registry lists them, in order.
    pub(super) layers: Vec<ImageDigest>,
}

/// Pushes an image to a model under a fresh `run.cog.push_id`, and reads the manifest back from the registry.
///
/// The label changes the image's configuration and with it the digest, so that every push is a version of its own; the layers stay. The
/// name that the push needs in the daemon is unique, so that no name of the user's is touched, and two runs cannot push each other's
/// image. It is removed when the push is over.
pub(super) async fn push(
    name: &str,
    image: &BuiltImage,
    model: &ModelRef,
    services: &PublishServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<PushedVersion, PublishError> {
    let Some(daemon) = &services.daemon else {
        return Err(DockerError::SocketMissing { host: "none, since this is done within the registry".to_owned() }.into());
    };
    let repository = format!("{}/{model}", services.registry_host);
    let tag = push_tag();
    let reference = format!("{repository}:{tag}");
    let credentials = &services.credentials;
    let mut lost = LostImages::default();
    let outcome = loop {
        match push_as(&repository, &tag, name, image, (daemon, credentials), observer, cancelled).await {
            Err(PublishError::Docker(error)) if lost.try_again(&error) => {}
            outcome => break outcome,
        }
    };
    forget(&reference, daemon, cancelled).await;
    let digest = match outcome {
        Ok(digest) => digest,
        Err(error) => {
            return Err(match arrived_anyway(model, &tag, &error, services).await {
                Some(version) => unconfirmed(&version, error),
                None => error,
            });
        }
    };
    let version = VersionRef { model: model.clone(), id: digest.version_id() };
    match read_back(model, &digest, services, cancelled).await {
        Ok(manifest) => Ok(PushedVersion { version, layers: manifest.layers }),
        Err(error) => Err(unconfirmed(&version, error)),
    }
}

async fn push_as(
    repository: &str,
    tag: &str,
    name: &str,
    image: &BuiltImage,
    (daemon, credentials): (&PushDaemon, &RegistryCredentials),
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<ImageDigest, PublishError> {
    let reference = format!("{repository}:{tag}");
    // By its id: a name can be given to another image meanwhile.
    let mut labels = image.push_labels.clone();
    labels.insert(PUSH_ID.to_owned(), Uuid::now_v7().to_string());
    let labelled = daemon.derive.relabel(&image.id, &labels, &reference, cancelled).await?;
    if labelled.diff_ids != image.diff_ids {
        return Err(DockerError::LayersChanged { image: reference }.into());
    }
    let push = ImagePush {
        repository: repository.to_owned(),
        tag: tag.to_owned(),
        credentials: Some(credentials.clone()),
        retry: PUSH_RETRY,
    };
    let mut events = |event: PushEvent| {
        let kind = match event {
            PushEvent::Progress(sent) => EventKind::PushProgress { sent_bytes: sent.sent_bytes, total_bytes: sent.total_bytes },
            PushEvent::Layer { outcome, done, layers } => EventKind::LayerPushed { outcome, done, layers },
            PushEvent::Repeated { reason, wait } => EventKind::PushRepeated { reason, wait },
        };
        emit(observer, name, kind);
    };
    Ok(daemon.push.push(&push, &mut events, cancelled).await?.digest)
}

/// The version of a push that was interrupted, if its manifest was in the registry by then: the push's own tag says so.
async fn arrived_anyway(model: &ModelRef, tag: &str, error: &PublishError, services: &PublishServices) -> Option<VersionRef> {
    let is_clear = !matches!(error.kind(), ErrorKind::Cancelled | ErrorKind::Service);
    let writer = services.writer.as_deref().filter(|_| !is_clear)?;
    let repository = model.to_string();
    let stored = timeout(ANYWAY_LIMIT, writer.stored(&repository, tag)).await.ok()?.ok()??;
    Some(VersionRef { model: model.clone(), id: stored.digest.version_id() })
}

/// The manifest as the registry has it: what users will run, whatever the daemon reported.
pub(super) async fn read_back(
    model: &ModelRef,
    digest: &ImageDigest,
    services: &PublishServices,
    cancelled: &CancellationToken,
) -> Result<Manifest, PublishError> {
    let end = Instant::now() + ARRIVAL_LIMIT;
    let repository = model.to_string();
    loop {
        let found = unless_cancelled(services.registry.manifest(&repository, digest.as_str()), cancelled).await?;
        match found {
            // The client has checked it against the digest asked for.
            Some(manifest) => return Ok(manifest),
            None if Instant::now() >= end => {
                return Err(PublishError::NothingArrived { model: model.clone(), digest: digest.clone() });
            }
            None => pause(ARRIVAL_POLL, cancelled).await.map_err(|_interrupted| PublishError::Cancelled)?,
        }
    }
}

/// Removes the push's name from the daemon. The layers stay with the image that was pushed.
async fn forget(reference: &str, daemon: &PushDaemon, cancelled: &CancellationToken) {
    let limit = if cancelled.is_cancelled() { FORGET_LIMIT_CANCELLED } else { FORGET_LIMIT };
    match timeout(limit, daemon.names.remove_image(reference)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, reference, "the name of a push could not be removed from the Docker daemon"),
        Err(_elapsed) => tracing::warn!(reference, "the Docker daemon did not remove the name of a push in time"),
    }
}

/// Waits until Replicate shows a pushed version under its id.
pub(super) async fn confirm(
    version: &VersionRef,
    limit: Duration,
    services: &PublishServices,
    cancelled: &CancellationToken,
) -> Result<(), PublishError> {
    match services.replicate.wait_for_version(version, limit, cancelled).await {
        Ok(_) => Ok(()),
        Err(error) => Err(unconfirmed(version, error.into())),
    }
}

pub(super) fn unconfirmed(version: &VersionRef, error: PublishError) -> PublishError {
    PublishError::Unconfirmed { version: Box::new(version.clone()), source: Box::new(error) }
}
