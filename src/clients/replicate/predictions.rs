//! Predictions.

use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::call::Call;
use crate::clients::replicate::create::{Creation, JobKind, without_nulls};
use crate::clients::replicate::drive::{Operation, StatusObserver, drive};
use crate::clients::replicate::real::RealReplicate;
use crate::clients::replicate::wire::RawJob;
use crate::clients::replicate::{PredictionRequest, PredictionTarget, ReplicateError, RunLimits};
use crate::domain::prediction::{Prediction, PredictionId};

pub trait Predictions: Send + Sync {
    /// Creates a prediction exactly once, even if the response is lost. If canceled during the request, still returns what it
    /// created: the caller has to cancel it.
    fn create_prediction<'a>(
        &'a self,
        request: &'a PredictionRequest,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prediction, ReplicateError>>;

    /// The current state of a prediction.
    fn prediction<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>>;

    /// Requests the cancellation of a prediction. The response for a finished one is unknown: treat an error as harmless then.
    fn cancel_prediction<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>>;

    /// Creates a prediction and waits until it finishes. A failed prediction is a result, not an error.
    ///
    /// The prediction is canceled when it reaches a limit or when `cancelled` fires. If the caller drops the future, the service
    /// cancels it at the end of its lifetime.
    fn run_prediction<'a>(
        &'a self,
        request: &'a PredictionRequest,
        limits: &'a RunLimits,
        observer: &'a StatusObserver<'a>,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move {
            let lifetime = request.lifetime.or_else(|| limits.lifetime());
            let request = PredictionRequest { lifetime, ..request.clone() };
            drive(&PredictionOperation { client: self, request: &request }, limits, observer, cancelled).await
        })
    }
}

struct PredictionOperation<'a, C: ?Sized> {
    client: &'a C,
    request: &'a PredictionRequest,
}

impl<C: Predictions + ?Sized> Operation for PredictionOperation<'_, C> {
    fn describe(&self) -> String {
        format!("run a prediction on {}", self.request.target)
    }

    async fn create(&self, cancelled: &CancellationToken) -> Result<Prediction, ReplicateError> {
        self.client.create_prediction(self.request, cancelled).await
    }

    async fn get(&self, id: &PredictionId) -> Result<Prediction, ReplicateError> {
        self.client.prediction(id).await
    }

    async fn cancel(&self, id: &PredictionId) -> Result<Prediction, ReplicateError> {
        self.client.cancel_prediction(id).await
    }
}

impl RealReplicate {
    pub(super) async fn get_job(&self, kind: JobKind, id: &PredictionId) -> Result<Prediction, ReplicateError> {
        let url = self.base.join(&[kind.collection(), id.as_str()]);
        let call = Call::get(url, format!("get the {} {id}", kind.noun()));
        Ok(self.ask(&call).await?.read::<RawJob>(&call)?.into())
    }

    pub(super) async fn cancel_job(&self, kind: JobKind, id: &PredictionId) -> Result<Prediction, ReplicateError> {
        let url = self.base.join(&[kind.collection(), id.as_str(), "cancel"]);
        // Safe to repeat: canceling twice has the same effect.
        let call = Call::post(url, format!("cancel the {} {id}", kind.noun()));
        Ok(self.ask(&call).await?.read::<RawJob>(&call)?.into())
    }
}

impl Predictions for RealReplicate {
    fn create_prediction<'a>(
        &'a self,
        request: &'a PredictionRequest,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move {
            let PredictionRequest { target, inputs, lifetime } = request;
            let inputs = without_nulls(inputs);
            let mut body = Map::new();
            let url = match target {
                PredictionTarget::Version(version) => {
                    body.insert("version".to_owned(), json!(version.to_string()));
                    self.base.join(&["predictions"])
                }
                PredictionTarget::Model(model) => self.base.join(&["models", model.owner(), model.name(), "predictions"]),
                PredictionTarget::Deployment { owner, name } => self.base.join(&["deployments", owner, name, "predictions"]),
            };
            body.insert("input".to_owned(), Value::Object(inputs.clone()));
            let call = Call::post(url, format!("create a prediction on {target}")).json(Value::Object(body));
            let call = Call { cancel_after: *lifetime, ..call };
            self.create(&Creation { kind: JobKind::Prediction, target: target.clone(), inputs, call }, cancelled).await
        })
    }

    fn prediction<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(self.get_job(JobKind::Prediction, id))
    }

    fn cancel_prediction<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(self.cancel_job(JobKind::Prediction, id))
    }
}
