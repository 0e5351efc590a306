//! Push to the live model.

use cog_findings::Finding;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::{Model, ReplicateFailure, Version};
use crate::domain::cleared::{Cleared, Replaced};
use crate::domain::events::{EventKind, Observer};
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::report::PublishRoute;
use crate::publish::latest::point_latest;
use crate::publish::published::Published;
use crate::publish::push::{confirm, unconfirmed};
use crate::publish::route::{Sent, send};
use crate::publish::services::{emit, unless_cancelled};
use crate::publish::unmoved::{check_unmoved, moved};
use crate::publish::{PublishError, PublishServices, VERSION_LIMIT, rules};

/// Publishes a cleared version to its live model: the image that was staged, under a fresh `run.cog.push_id`.
///
/// Nothing that was not cleared can be passed, because a [`Cleared`] cannot be made by hand:
///
/// ```compile_fail,E0451
/// use safe_push::domain::cleared::{BuiltImage, Cleared, Staged};
///
/// fn smuggle(model: safe_push::domain::identity::ModelRef, staged: Staged) -> Cleared {
///     Cleared { model, staged, replaces: safe_push::domain::cleared::Replaced::Nothing, compared_outputs: false, without_key: None }
/// }
/// ```
///
/// The live version is checked before anything is sent, and once more right before the manifest is, because layers can take long. If it is
/// not the one that was cleared to be replaced, nothing is published. A version that somebody else publishes at the same moment may still
/// be replaced, but this is noticed: [`Published::overwritten`].
///
/// Canceling interrupts everything but the manifest on its way: a version that may exist is always named.
///
/// # Errors
/// [`PublishError::NoLiveModel`] and [`PublishError::Moved`] before anything is published. After that: [`PublishError::Unanswered`] when
/// nobody knows whether it arrived, [`PublishError::Unconfirmed`] when the version does not become visible, [`PublishError::LayersDiffer`]
/// when its layers are not those that were tested; [`PublishError::pushed`] names the version.
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
    check_unmoved(cleared, live)?;
    let Sent { pushed, transfer } = send(name, cleared, services, observer, cancelled).await?;
    let mut published = Published {
        version: pushed.version,
        layers: cleared.proof(pushed.layers),
        transfer,
        previous: live.and_then(|live| previous(model, live)),
        overwritten: None,
        findings: Vec::new(),
    };
    // Before anything else: it must not be used.
    if !published.layers.holds() {
        return Err(PublishError::LayersDiffer(Box::new(published)));
    }
    if published.transfer.route == PublishRoute::Daemon {
        // Before the version is waited for: it may be made of this tag alone.
        let pointed = point_latest(&published.version, services, cancelled).await;
        published.findings.extend(pointed.map_err(|error| unconfirmed(&published.version, error))?);
    }
    if live.is_some_and(|live| !live.is_official) {
        confirm(&published.version, VERSION_LIMIT, services, cancelled).await?;
        look_back(&mut published, cleared, services, cancelled).await?;
    } else {
        let message = format!("{} was confirmed by the registry alone", published.version);
        published.findings.push(Finding::new(&rules::OFFICIAL_UNCONFIRMED, message));
    }
    emit(observer, name, EventKind::VersionReady(published.version.clone()));
    Ok(published)
}

/// Looks for versions that others published at the same time, in the list of versions, newest first.
async fn look_back(
    published: &mut Published,
    cleared: &Cleared,
    services: &PublishServices,
    cancelled: &CancellationToken,
) -> Result<(), PublishError> {
    let listed = unless_cancelled(services.replicate.versions(cleared.model()), cancelled).await;
    let versions = listed.map_err(|error| unconfirmed(&published.version, error))?;
    let Some(ours) = versions.iter().position(|version| version.id == published.version.id) else { return Ok(()) };
    let (newer, older) = versions.split_at(ours);
    if let Some(newest) = newer.first() {
        let message = format!("{}:{} was published right after this version", cleared.model(), newest.id.short());
        let hint = "if that was not meant, let only one run of a model publish at a time, as with `concurrency` in a workflow";
        published.findings.push(Finding::new(&rules::LIVE_OVERTAKEN, message).hint(hint));
    }
    let before = match cleared.replaces() {
        Replaced::Version(checked) => older.iter().position(|version| version.id == *checked),
        Replaced::Nothing => Some(older.len()),
        Replaced::Hidden => None,
    };
    // The first of them is ours. Without the version that was checked against, nothing says which of the others are new.
    if let Some(overwritten) = older.get(1..before.unwrap_or_default()).and_then(<[Version]>::first) {
        published.previous = Some(VersionRef { model: cleared.model().clone(), id: overwritten.id.clone() });
        published.overwritten = Some(moved(cleared, Some(overwritten), true));
    }
    Ok(())
}

/// The version that is live before the push.
fn previous(model: &ModelRef, live: &Model) -> Option<VersionRef> {
    live.latest_version.as_ref().map(|version| VersionRef { model: model.clone(), id: version.id.clone() })
}
