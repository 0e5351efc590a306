//! Replicate in memory.

use std::time::Duration;

use chrono::DateTime;
use futures::future::BoxFuture;
use serde_json::Map;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::{
    Account, Accounts, Deletion, Deployment, DeploymentPatch, DeploymentUpdate, Deployments, Download, DownloadLimits, Files,
    Hardware, Model, ModelCreation, ModelPages, Models, NewDeployment, NewFile, NewModel, PredictionRequest, PredictionTarget,
    Predictions, Replicate, ReplicateError, ReplicateFailure, TextOfPage, TrainingRequest, Trainings, UploadedFile, Version,
    Visibility,
};
use crate::domain::identity::{ModelRef, VersionRef};
use crate::domain::prediction::{Prediction, PredictionId, PredictionStatus};
use crate::publish::testing::{World, account, fault};

pub(crate) struct FakeReplicate(pub(crate) World);

fn failed(attempted: &str, failure: ReplicateFailure) -> ReplicateError {
    ReplicateError::new(attempted, failure)
}

impl FakeReplicate {
    async fn enter(&self, call: &'static str, subject: &str, cancelled: Option<&CancellationToken>) -> Result<(), ReplicateError> {
        let entered = self.0.enter(call, subject, cancelled).await;
        entered.map_err(|_interrupted| failed(call, ReplicateFailure::Cancelled { still_running: None }))?;
        match fault(&mut self.0.state().replicate_faults, call, subject) {
            Some(failure) => Err(failed(call, failure)),
            None => Ok(()),
        }
    }

    fn see(&self, version: &VersionRef) -> Option<Version> {
        let state = self.0.state();
        if state.models.get(&version.model).is_none_or(|model| model.is_official) {
            return None;
        }
        state.versions.get(version).filter(|(_, visible)| Instant::now() >= *visible).map(|(version, _)| version.clone())
    }
}

impl Accounts for FakeReplicate {
    fn account<'a>(&'a self) -> BoxFuture<'a, Result<Account, ReplicateError>> {
        Box::pin(async move {
            self.enter("account", "", None).await?;
            Ok(account("acme"))
        })
    }

    fn hardware<'a>(&'a self) -> BoxFuture<'a, Result<Vec<Hardware>, ReplicateError>> {
        Box::pin(async move {
            self.enter("hardware", "", None).await?;
            Ok(self.0.state().hardware.clone())
        })
    }
}

impl Models for FakeReplicate {
    fn model<'a>(&'a self, model: &'a ModelRef) -> BoxFuture<'a, Result<Option<Model>, ReplicateError>> {
        Box::pin(async move {
            self.enter("model", &model.to_string(), None).await?;
            Ok(self.0.state().models.get(model).cloned())
        })
    }

    fn create_model<'a>(&'a self, new: &'a NewModel) -> BoxFuture<'a, Result<ModelCreation, ReplicateError>> {
        Box::pin(async move {
            self.enter("create_model", &format!("{} on {}", new.model, new.hardware), None).await?;
            assert_eq!(new.model.owner(), "acme", "the token's account");
            assert_eq!(new.visibility, Visibility::Private, "a test model is private");
            if self.0.state().models.contains_key(&new.model) {
                return Ok(ModelCreation::AlreadyThere);
            }
            self.0.add_model(&new.model, new.visibility);
            Ok(ModelCreation::Created(Box::new(self.0.state().models[&new.model].clone())))
        })
    }

    fn delete_model<'a>(&'a self, _model: &'a ModelRef) -> BoxFuture<'a, Result<Deletion, ReplicateError>> {
        Box::pin(async move { panic!("no model is deleted") })
    }

    fn version<'a>(&'a self, version: &'a VersionRef) -> BoxFuture<'a, Result<Option<Version>, ReplicateError>> {
        Box::pin(async move {
            self.enter("version", &version.model.to_string(), None).await?;
            Ok(self.see(version))
        })
    }

    fn versions<'a>(&'a self, model: &'a ModelRef) -> BoxFuture<'a, Result<Vec<Version>, ReplicateError>> {
        Box::pin(async move {
            self.enter("versions", &model.to_string(), None).await?;
            let published = self.0.state().published.clone();
            Ok(published.iter().rev().filter(|version| version.model == *model).filter_map(|version| self.see(version)).collect())
        })
    }

    fn wait_for_version<'a>(
        &'a self,
        version: &'a VersionRef,
        limit: Duration,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Version, ReplicateError>> {
        Box::pin(async move {
            self.enter("wait_for_version", &version.model.to_string(), Some(cancelled)).await?;
            let end = Instant::now() + limit;
            loop {
                if let Some(seen) = self.see(version) {
                    return Ok(seen);
                }
                if Instant::now() >= end {
                    return Err(failed("wait for the version", ReplicateFailure::NeverAppeared { within: limit }));
                }
                tokio::select! {
                    () = cancelled.cancelled() => {
                        return Err(failed("wait for the version", ReplicateFailure::Cancelled { still_running: None }));
                    }
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
            }
        })
    }

    fn delete_version<'a>(&'a self, _version: &'a VersionRef) -> BoxFuture<'a, Result<Deletion, ReplicateError>> {
        Box::pin(async move { panic!("no version is deleted") })
    }
}

impl Predictions for FakeReplicate {
    fn create_prediction<'a>(
        &'a self,
        request: &'a PredictionRequest,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move {
            let version = match &request.target {
                PredictionTarget::Version(version) => version.clone(),
                PredictionTarget::Deployment { owner, name } => {
                    self.0.state().deployments[&format!("{owner}/{name}")].version.clone().unwrap()
                }
                PredictionTarget::Model(model) => panic!("predictions on {model} name a version"),
            };
            let is_broken = matches!(request.target, PredictionTarget::Deployment { .. }) && self.0.state().deployments_fail;
            let version = &version;
            self.enter("create_prediction", &version.model.to_string(), Some(cancelled)).await?;
            assert!(self.see(version).is_some(), "{version} cannot be seen");
            let mut state = self.0.state();
            let prediction = Prediction {
                id: PredictionId::new(format!("prediction{:016}", state.predictions.len())),
                status: PredictionStatus::Starting,
                version: Some(version.id.to_string()),
                inputs: request.inputs.clone(),
                output: None,
                error: None,
                logs: String::new(),
                predict_time: None,
                metrics: Map::new(),
                created_at: None,
                started_at: None,
                completed_at: None,
                web_url: None,
            };
            let prediction = if is_broken {
                let error = Some("CUDA out of memory".to_owned());
                Prediction { status: PredictionStatus::Failed, error, started_at: DateTime::from_timestamp(0, 0), ..prediction }
            } else {
                prediction
            };
            state.predictions.push((prediction.clone(), version.clone()));
            Ok(prediction)
        })
    }

    fn prediction<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move {
            self.enter("prediction", "", None).await?;
            let mut state = self.0.state();
            let (output, never_ends) = (state.output.clone(), state.predictions_never_end);
            let (prediction, _) = state.predictions.iter_mut().find(|(prediction, _)| prediction.id == *id).unwrap();
            if !prediction.status.is_terminal() && !never_ends {
                match output {
                    Some(output) => {
                        prediction.status = PredictionStatus::Succeeded;
                        prediction.output = Some(output);
                        prediction.predict_time = Some(Duration::from_secs(1));
                    }
                    None => {
                        prediction.status = PredictionStatus::Failed;
                        prediction.error = Some("boom".to_owned());
                    }
                }
            }
            Ok(prediction.clone())
        })
    }

    fn cancel_prediction<'a>(&'a self, id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move {
            self.enter("cancel_prediction", "", None).await?;
            let mut state = self.0.state();
            let (prediction, _) = state.predictions.iter_mut().find(|(prediction, _)| prediction.id == *id).unwrap();
            if !prediction.status.is_terminal() {
                prediction.status = PredictionStatus::Canceled;
            }
            Ok(prediction.clone())
        })
    }
}

impl Trainings for FakeReplicate {
    fn create_training<'a>(
        &'a self,
        _request: &'a TrainingRequest,
        _cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move { panic!("nothing is trained") })
    }

    fn training<'a>(&'a self, _id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move { panic!("nothing is trained") })
    }

    fn cancel_training<'a>(&'a self, _id: &'a PredictionId) -> BoxFuture<'a, Result<Prediction, ReplicateError>> {
        Box::pin(async move { panic!("nothing is trained") })
    }
}

impl ModelPages for FakeReplicate {
    fn readme<'a>(&'a self, model: &'a ModelRef) -> BoxFuture<'a, Result<Option<String>, ReplicateError>> {
        Box::pin(async move {
            self.enter("readme", &model.to_string(), None).await?;
            Ok(None)
        })
    }

    fn update_page<'a>(&'a self, model: &'a ModelRef, text: &'a TextOfPage) -> BoxFuture<'a, Result<(), ReplicateError>> {
        Box::pin(async move { self.enter("update_page", &format!("{model} {text:?}"), None).await })
    }
}

impl Deployments for FakeReplicate {
    fn deployment<'a>(&'a self, owner: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<Deployment>, ReplicateError>> {
        Box::pin(async move {
            self.enter("deployment", &format!("{owner}/{name}"), None).await?;
            Ok(self.0.state().deployments.get(&format!("{owner}/{name}")).cloned())
        })
    }

    fn create_deployment<'a>(&'a self, new: &'a NewDeployment) -> BoxFuture<'a, Result<Deployment, ReplicateError>> {
        Box::pin(async move {
            let key = format!("{}/{}", new.owner, new.name);
            self.enter("create_deployment", &format!("{key} {}..{}", new.min_instances, new.max_instances), None).await?;
            assert_eq!(new.owner, "acme", "the token's account");
            assert!(new.min_instances <= new.max_instances, "{new:?}");
            let made = Deployment {
                owner: new.owner.clone(),
                name: new.name.clone(),
                release: Some(1),
                version: Some(new.version.clone()),
                hardware: Some(new.hardware.clone()),
                min_instances: Some(new.min_instances),
                max_instances: Some(new.max_instances),
            };
            self.0.state().deployments.insert(key, made.clone());
            Ok(made)
        })
    }

    fn update_deployment<'a>(
        &'a self,
        owner: &'a str,
        name: &'a str,
        patch: &'a DeploymentPatch,
    ) -> BoxFuture<'a, Result<DeploymentUpdate, ReplicateError>> {
        Box::pin(async move {
            self.enter("update_deployment", &format!("{owner}/{name}"), None).await?;
            assert!(
                patch.hardware.is_none() && patch.min_instances.is_none() && patch.max_instances.is_none(),
                "settings are kept"
            );
            let mut state = self.0.state();
            let deployment = state.deployments.get_mut(&format!("{owner}/{name}")).unwrap();
            let version = deployment.version.as_mut().unwrap();
            let wanted = patch.version.clone().unwrap();
            let changed = version.id != wanted;
            if changed {
                version.id = wanted;
                deployment.release = deployment.release.map(|release| release + 1);
            }
            Ok(DeploymentUpdate { deployment: deployment.clone(), changed })
        })
    }
}

impl Files for FakeReplicate {
    fn upload_file<'a>(&'a self, _file: &'a NewFile) -> BoxFuture<'a, Result<UploadedFile, ReplicateError>> {
        Box::pin(async move { panic!("nothing is uploaded") })
    }

    fn download<'a>(&'a self, _url: &'a str, _limits: &'a DownloadLimits) -> BoxFuture<'a, Result<Download, ReplicateError>> {
        Box::pin(async move { panic!("nothing is downloaded") })
    }
}

impl Replicate for FakeReplicate {
    fn api_url(&self) -> String {
        "https://api.replicate.com/v1".to_owned()
    }

    fn requests_sent(&self) -> u64 {
        0
    }

    fn is_throttled(&self) -> bool {
        false
    }
}
