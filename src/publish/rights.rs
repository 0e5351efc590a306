//! Whether the CLI token may push, asked before anything is built.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;

use crate::clients::registry::{RegistryError, RegistryWriter};
use crate::domain::identity::ModelRef;
use crate::publish::PublishError;

/// How long the registry may take to say so. A build is not held up for longer.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Opens and drops an upload to each of the models. All of them are asked at once.
///
/// # Errors
/// [`PublishError::MayNotPush`] for the first one that the token may not push to. Any other answer, or none, does not stop the run: the
/// push will show.
pub async fn check_rights(models: &[&ModelRef], writer: &dyn RegistryWriter) -> Result<(), PublishError> {
    let answers = models.iter().map(|model| async move {
        let repository = model.to_string();
        match timeout(TIME_LIMIT, writer.check_push(&repository)).await {
            Ok(Err(error @ RegistryError::PushDenied { .. })) => {
                Err(PublishError::MayNotPush { model: (*model).clone(), source: Box::new(error) })
            }
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::debug!(%error, repository, "the registry did not say whether the model may be pushed to");
                Ok(())
            }
            Err(_elapsed) => Ok(()),
        }
    });
    join_all(answers).await.into_iter().collect()
}
