//! Whether a model still has the version that was checked against.

use tokio_util::sync::CancellationToken;

use crate::clients::replicate::{Model, ReplicateFailure, Version};
use crate::domain::cleared::{Cleared, Replaced};
use crate::publish::moved::Moved;
use crate::publish::services::unless_cancelled;
use crate::publish::{PublishError, PublishServices};

/// Asks for the newest version. One that the token may not see cannot be compared.
///
/// # Errors
/// [`PublishError::Moved`] if it is not the cleared one, and errors of the service.
pub async fn check_moved(cleared: &Cleared, services: &PublishServices, cancelled: &CancellationToken) -> Result<(), PublishError> {
    match unless_cancelled(services.replicate.model(cleared.model()), cancelled).await {
        Ok(live) => check_unmoved(cleared, live.as_ref()),
        Err(PublishError::Replicate(error)) if matches!(error.failure(), ReplicateFailure::Forbidden { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Compares the newest version of a model, as Replicate just returned it, with the one that the new version was compared with.
pub(super) fn check_unmoved(cleared: &Cleared, live: Option<&Model>) -> Result<(), PublishError> {
    let Some(live) = live else { return Ok(()) };
    let newest = live.latest_version.as_ref();
    if !cleared.replaces().has_moved(&Replaced::of(newest.map(|version| &version.id))) {
        return Ok(());
    }
    Err(PublishError::Moved(Box::new(moved(cleared, newest, false))))
}

/// Describes the version that is there in place of the one that was checked against.
pub(super) fn moved(cleared: &Cleared, version: Option<&Version>, is_overwritten: bool) -> Moved {
    Moved {
        name: cleared.model().to_string(),
        model: cleared.model().clone(),
        checked: cleared.replaces().clone(),
        now: version.map(|version| version.id.clone()),
        version: version.cloned(),
        release: None,
        is_overwritten,
    }
}
