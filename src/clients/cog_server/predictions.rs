//! Predictions on a server.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Map;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::CogServer;
use crate::clients::replicate::{PredictionRequest, Predictions, ReplicateError, ReplicateFailure};
use crate::domain::prediction::{Prediction, PredictionId, PredictionStatus};
use crate::support::locks::lock;

/// How long a creation waits for inputs to be rejected.
const REFUSAL_TIME: Duration = Duration::from_millis(500);

impl Predictions for CogServer {
    fn create_prediction<'a>(
        &'a self,
        request: &'a PredictionRequest,
        _cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move {
            let id = PredictionId::new(Uuid::new_v4().simple().to_string());
            let prediction = Prediction {
                id: id.clone(),
                status: PredictionStatus::Starting,
                version: None,
                inputs: request.inputs.clone(),
                output: None,
                error: None,
                logs: String::new(),
                predict_time: None,
                metrics: Map::new(),
                created_at: Some(self.inner.clock.now()),
                started_at: None,
                completed_at: None,
                web_url: None,
            };
            lock(&self.inner.predictions).insert(id.clone(), prediction.clone());
            let (inner, inputs, of_run) = (Arc::clone(&self.inner), request.inputs.clone(), id.clone());
            let mut running = tokio::spawn(async move { inner.run(of_run, inputs).await });
            // Inputs are rejected at once. Whatever takes longer is a prediction.
            if let Ok(Ok(Some(detail))) = tokio::time::timeout(REFUSAL_TIME, &mut running).await {
                let failure = ReplicateFailure::InvalidInput { fields: Vec::new(), detail };
                return Err(ReplicateError::new("run a prediction", failure));
            }
            Ok(self.inner.state(&id).unwrap_or(prediction))
        })
    }

    fn prediction<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move {
            let unknown = || ReplicateFailure::NotFound { detail: format!("the prediction {id} was not created here") };
            self.inner.state(id).ok_or_else(|| ReplicateError::new("get a prediction", unknown()))
        })
    }

    fn cancel_prediction<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move {
            self.inner.cancel(id).await;
            self.prediction(id).await
        })
    }
}
