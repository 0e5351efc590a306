//! The tag `latest`, which every push ends with.
//!
//! The daemon pushes under a tag of its own, so that neither a name of the user's nor another run is touched. Then the same bytes are put
//! under `latest`: `docker pull` without a tag gets the new version, and so does a registry that makes versions only of `latest`. Where a
//! version was made of the push already it stays the only one, because the same bytes have the same id.

use cog_findings::Finding;
use tokio_util::sync::CancellationToken;

use crate::clients::registry::RegistryError;
use crate::domain::identity::VersionRef;
use crate::publish::transfer::LATEST;
use crate::publish::{PublishError, PublishServices, rules};

/// Puts the manifest of a pushed version under `latest`. A registry that refuses is a finding, since the version itself is there.
pub(super) async fn point_latest(
    version: &VersionRef,
    services: &PublishServices,
    cancelled: &CancellationToken,
) -> Result<Option<Finding>, PublishError> {
    // Images that are passed by reference have no tags.
    let Some(writer) = services.writer.as_deref() else { return Ok(None) };
    let repository = version.model.to_string();
    let put = async {
        match writer.stored(&repository, version.id.digest().as_str()).await? {
            Some(stored) => writer.put_manifest(&repository, LATEST, &stored).await,
            None => Ok(()),
        }
    };
    let outcome: Result<(), RegistryError> = tokio::select! {
        biased;
        () = cancelled.cancelled() => return Err(PublishError::Cancelled),
        outcome = put => outcome,
    };
    let Err(error) = outcome else { return Ok(None) };
    let message = format!("the tag latest of {repository} does not lead to the new version: {error}");
    let hint = format!("`docker pull` without a tag gets an older version; name the digest: {repository}@{}", version.id.digest());
    Ok(Some(Finding::new(&rules::LATEST_NOT_MOVED, message).hint(hint)))
}
