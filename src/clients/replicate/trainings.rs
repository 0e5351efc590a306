//! Trainings.

use futures::future::BoxFuture;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::call::Call;
use crate::clients::replicate::create::{Creation, JobKind, without_nulls};
use crate::clients::replicate::drive::{Operation, StatusObserver, drive};
use crate::clients::replicate::real::RealReplicate;
use crate::clients::replicate::{PredictionTarget, ReplicateError, RunLimits, TrainingRequest};
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::prediction::{Prediction, PredictionId};

/// Trainings. They have the statuses of predictions, but the service enforces no lifetime.
pub trait Trainings: Send + Sync {
    /// Creates a training exactly once, even if the response is lost. If canceled during the request, still returns what it
    /// created: the caller has to cancel it.
    fn create_training<'a>(
        &'a self,
        request: &'a TrainingRequest,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prediction, ReplicateError>>;

    /// The current state of a training.
    fn training<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>>;

    /// Requests the cancellation of a training.
    fn cancel_training<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>>;

    /// Creates a training and waits until it finishes. A failed training is a result, not an error.
    ///
    /// The training is canceled when it reaches a limit or when `cancelled` fires. If the caller drops the future, the training
    /// keeps running.
    fn run_training<'a>(
        &'a self,
        request: &'a TrainingRequest,
        limits: &'a RunLimits,
        observer: &'a StatusObserver<'a>,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move { drive(&TrainingOperation { client: self, request }, limits, observer, cancelled).await })
    }
}

/// The version created by a training: `output.version`, as `owner/name:id` or as a bare id of the destination.
pub fn trained_version(training: &Prediction, destination: &ModelRef) -> Option<VersionRef> {
    let version = training.output.as_ref()?.get("version")?.as_str()?;
    match version.parse() {
        Ok(version) => Some(version),
        Err(_bare) => Some(VersionRef { model: destination.clone(), id: version.parse().ok()? }),
    }
}

struct TrainingOperation<'a, C: ?Sized> {
    client: &'a C,
    request: &'a TrainingRequest,
}

impl<C: Trainings + ?Sized> Operation for TrainingOperation<'_, C> {
    fn describe(&self) -> String {
        let VersionRef { model, id } = &self.request.version;
        format!("run a training of {model}:{} into {}", id.short(), self.request.destination)
    }

    async fn create(&self, cancelled: &CancellationToken) -> Result<Prediction, ReplicateError> {
        self.client.create_training(self.request, cancelled).await
    }

    async fn get(&self, id: &PredictionId) -> Result<Prediction, ReplicateError> {
        self.client.training(id).await
    }

    async fn cancel(&self, id: &PredictionId) -> Result<Prediction, ReplicateError> {
        self.client.cancel_training(id).await
    }
}

impl Trainings for RealReplicate {
    fn create_training<'a>(
        &'a self,
        request: &'a TrainingRequest,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move {
            let TrainingRequest { version, destination, inputs } = request;
            let VersionRef { model, id } = version;
            let inputs = without_nulls(inputs);
            let url = self.base.join(&["models", model.owner(), model.name(), "versions", id.as_str(), "trainings"]);
            let target = PredictionTarget::Version(version.clone());
            let call = Call::post(url, format!("create a training of {target} into {destination}"))
                .json(json!({"destination": destination.to_string(), "input": inputs}));
            self.create(&Creation { kind: JobKind::Training, target, inputs, call }, cancelled).await
        })
    }

    // The URL is built here, because `urls.get` of the response points to predictions: `docs/reference/replicate-api.md#trainings`.
    fn training<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(self.get_job(JobKind::Training, id))
    }

    fn cancel_training<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(self.cancel_job(JobKind::Training, id))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clients::replicate::wire::tests::{VERSION, prediction};

    #[test]
    fn a_trained_version_is_read_in_both_forms() {
        let destination: ModelRef = "acme/dest".parse().unwrap();
        let version = |output| {
            let training = Prediction { output, ..prediction("succeeded") };
            trained_version(&training, &destination).map(|version| version.to_string())
        };
        assert_eq!(version(Some(json!({"version": VERSION}))), Some(format!("acme/dest:{VERSION}")));
        assert_eq!(version(Some(json!({"version": format!("acme/other:{VERSION}")}))), Some(format!("acme/other:{VERSION}")));
        for output in [None, Some(json!({})), Some(json!({"version": null})), Some(json!({"version": "latest"})), Some(json!("x"))]
        {
            assert_eq!(version(output), None);
        }
    }
}
