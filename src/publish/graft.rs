//! A grafted image becomes a version of the test model within the registry: its new layers are put, those that it keeps are mounted or
//! streamed.

use tokio_util::sync::CancellationToken;

use crate::domain::events::Observer;
use crate::domain::identity::{ModelRef, VersionRef};
use crate::publish::grafted_image::GraftedImage;
use crate::publish::push::PushedVersion;
use crate::publish::route::{RouteError, Settled, interruptible, settle};
use crate::publish::services::answered;
use crate::publish::transfer::{Audience, prepare_graft};
use crate::publish::{PublishError, PublishServices};

/// Puts a graft into the model's repository, under `latest`.
pub(super) async fn put(
    name: &str,
    graft: &GraftedImage,
    model: &ModelRef,
    services: &PublishServices,
    observer: &dyn Observer,
    cancelled: &CancellationToken,
) -> Result<PushedVersion, PublishError> {
    let refused = |left: RouteError| match left {
        // A push would need an image in the daemon.
        RouteError::ToDaemon(reason) => PublishError::GraftRefused { reason },
        RouteError::ForGood(error) => error,
    };
    let Some(writer) = services.writer.as_deref() else {
        return Err(PublishError::GraftRefused { reason: "images are passed by reference here".to_owned() });
    };
    let to = model.to_string();
    let audience = Audience { name, observer };
    let mut prepared = interruptible(prepare_graft(graft, &to, writer, audience), cancelled).await.map_err(refused)?;
    let version = VersionRef { model: model.clone(), id: prepared.digest().version_id() };
    loop {
        let missing = match answered(settle(&prepared, &version, services), cancelled).await {
            Some(Ok(Settled::Published(manifest))) => return Ok(PushedVersion { version, layers: manifest.layers }),
            Some(Ok(Settled::Missing(digests))) => digests,
            Some(Err(left)) => return Err(refused(left)),
            None => {
                let source = Box::new(PublishError::Cancelled);
                return Err(PublishError::Unanswered { version: Box::new(version), source });
            }
        };
        interruptible(prepared.repair(&missing), cancelled).await.map_err(refused)?;
    }
}
