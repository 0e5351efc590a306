//! A label of a version, as the registry has it.

use serde_json::Value;

use crate::domain::identity::VersionRef;
use crate::publish::PublishServices;
use crate::publish::transfer::{TransferError, image_of};

/// A label of a version. `None` where the version does not have it, and where the registry does not say.
pub async fn label_of(version: &VersionRef, name: &str, services: &PublishServices) -> Option<String> {
    let writer = services.writer.as_deref()?;
    let repository = version.model.to_string();
    let read = async {
        let manifest = image_of(version.id.digest().as_str(), &repository, writer).await?;
        Ok::<_, TransferError>(writer.small_blob(&repository, &manifest.config).await?)
    };
    let config = read.await.inspect_err(|error| tracing::debug!(?error, %version, "the labels of a version are not known")).ok()?;
    let config: Value = serde_json::from_slice(&config).ok()?;
    Some(config.get("config")?.get("Labels")?.get(name)?.as_str()?.to_owned())
}
