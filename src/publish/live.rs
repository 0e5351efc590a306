//! Push to the live model.

use cog_findings::Finding;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::{Model, ReplicateFailure};
use crate::domain::cleared::Cleared;
use crate::domain::events::{EventKind, Observer};
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::report::PublishRoute;
use crate::publish::latest::point_latest;
use crate::publish::published::Published;
use crate::publish::push::confirm;
use crate::publish::route::{Sent, send};
use crate::publish::services::{tell, unless_cancelled};
use crate::publish::{PublishError, PublishServices, VERSION_LIMIT, rules};

/// Publishes a cleared version to its live model: the image that was staged, under a fresh `run.cog.push_id`.
///
/// Nothing that was not cleared can be passed, because a [`Cleared`] cannot be made by hand:
///
/// ```compile_fail,E0451
/// use safe_push::domain::cleared::{BuiltImage, Cleared, Staged};
///
/// fn smuggle(model: safe_push::domain::identity::ModelRef, staged: Staged) -> Cleared {
///     Cleared { model, staged }
/// }
/// ```
///
/// # Errors
/// [`PublishError::NoLiveModel`] before anything is pushed. After the push: [`PublishError::Unconfirmed`] when the version does not become
/// visible, [`PublishError::LayersDiffer`] when its layers are not those that were tested; [`PublishError::pushed`] names the version.
pub async fn publish(
    name: &str,
    cleared: &Cleared,
    services: &PublishServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<Published, PublishError> {
    let Some(live) = unless_cancelled(services.replicate.model(cleared.model()), cancelled).await? else {
        return Err(PublishError::NoLiveModel { model: cleared.model().clone() });
    };
    publish_to(name, cleared, Some(&live), services, observer, cancelled).await
}

/// The second push, to an official model.
///
/// Replicate shows such models and their versions only in part, and to some tokens not at all:
/// `docs/reference/replicate-api.md#official-models`. Then the registry decides whether the push is allowed, and its digests alone
/// confirm it.
pub async fn publish_official(
    name: &str,
    cleared: &Cleared,
    services: &PublishServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<Published, PublishError> {
    let live = match unless_cancelled(services.replicate.model(cleared.model()), cancelled).await {
        Ok(live) => live,
        Err(PublishError::Replicate(error)) if matches!(error.failure(), ReplicateFailure::Forbidden { .. }) => None,
        Err(error) => return Err(error),
    };
    publish_to(name, cleared, live.as_ref(), services, observer, cancelled).await
}

async fn publish_to(
    name: &str,
    cleared: &Cleared,
    live: Option<&Model>,
    services: &PublishServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<Published, PublishError> {
    let model = cleared.model();
    let Sent { pushed, transfer } = send(name, cleared, services, observer, cancelled).await?;
    let mut published = Published {
        version: pushed.version,
        layers: cleared.proof(pushed.layers),
        transfer,
        previous: live.and_then(|live| previous(model, live)),
        findings: Vec::new(),
    };
    // Before anything else: it must not be used.
    if !published.layers.holds() {
        return Err(PublishError::LayersDiffer(Box::new(published)));
    }
    if published.transfer.route == PublishRoute::Daemon {
        // Before the version is waited for: it may be made of this tag alone.
        published.findings.extend(point_latest(&published.version, services, cancelled).await?);
    }
    if live.is_some_and(|live| !live.is_official) {
        confirm(&published.version, VERSION_LIMIT, services, cancelled).await?;
    } else {
        let message = format!("{} was confirmed by the registry alone", published.version);
        published.findings.push(Finding::new(&rules::OFFICIAL_UNCONFIRMED, message));
    }
    tell(observer, name, EventKind::VersionReady(published.version.clone()));
    Ok(published)
}

/// The version that is live before the push.
fn previous(model: &ModelRef, live: &Model) -> Option<VersionRef> {
    live.latest_version.as_ref().map(|version| VersionRef { model: model.clone(), id: version.id.clone() })
}
