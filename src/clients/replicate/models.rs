//! Models and their versions.

use std::ops::ControlFlow;
use std::time::Duration;

use futures::future::BoxFuture;
use http::Method;
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clients::http::pause;
use crate::clients::replicate::call::Call;
use crate::clients::replicate::real::RealReplicate;
use crate::clients::replicate::wire::{RawModel, RawVersion};
use crate::clients::replicate::{Deletion, Model, ModelCreation, NewModel, ReplicateError, ReplicateFailure, Version};
use crate::domain::identity::{ModelRef, VersionRef};
use crate::support::waits;

/// Limit for pages of a hundred versions. No model comes close.
const VERSION_PAGES: usize = 100;

/// The shortest and longest wait between polls for a new version.
const VERSION_POLL: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// Models and their versions.
pub trait Models: Send + Sync {
    /// A model. `None` if it does not exist or is not visible to this token.
    fn model<'a>(&'a self, model: &'a ModelRef) -> BoxFuture<'a, Result<Option<Model>, ReplicateError>>;

    fn create_model<'a>(&'a self, model: &'a NewModel) -> BoxFuture<'a, Result<ModelCreation, ReplicateError>>;

    /// Deletes a private model of the account that has no versions.
    fn delete_model<'a>(&'a self, model: &'a ModelRef) -> BoxFuture<'a, Result<Deletion, ReplicateError>>;

    /// A version. `None` if it does not exist, is not visible, or belongs to an official model, see [`Model::is_official`].
    fn version<'a>(&'a self, version: &'a VersionRef) -> BoxFuture<'a, Result<Option<Version>, ReplicateError>>;

    /// All versions, newest first. Official models answer 404.
    fn versions<'a>(&'a self, model: &'a ModelRef) -> BoxFuture<'a, Result<Vec<Version>, ReplicateError>>;

    /// Waits until a version that was just pushed becomes visible.
    fn wait_for_version<'a>(
        &'a self,
        version: &'a VersionRef,
        limit: Duration,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Version, ReplicateError>>;

    /// Deletes a version, which takes minutes. The service rejects versions in use.
    fn delete_version<'a>(&'a self, version: &'a VersionRef) -> BoxFuture<'a, Result<Deletion, ReplicateError>>;
}

impl RealReplicate {
    /// Turns a 404 into `None`.
    pub(super) fn found<T>(outcome: Result<T, ReplicateError>) -> Result<Option<T>, ReplicateError> {
        match outcome {
            Err(error) if error.is_not_found() => Ok(None),
            other => other.map(Some),
        }
    }

    async fn delete(&self, segments: &[&str], attempted: String) -> Result<Deletion, ReplicateError> {
        let call = Call::new(Method::DELETE, self.base.join(segments), attempted);
        // Safe to repeat: the second response is a 404.
        Ok(if Self::found(self.ask(&call).await)?.is_some() { Deletion::Accepted } else { Deletion::Absent })
    }

    fn version_call(&self, version: &VersionRef) -> Call {
        let VersionRef { model, id } = version;
        let url = self.base.join(&["models", model.owner(), model.name(), "versions", id.as_str()]);
        Call::get(url, format!("get the version {version}"))
    }
}

impl Models for RealReplicate {
    fn model<'a>(&'a self, model: &'a ModelRef) -> BoxFuture<'a, Result<Option<Model>, ReplicateError>> {
        Box::pin(async move {
            let call = Call::get(self.base.join(&["models", model.owner(), model.name()]), format!("get the model {model}"));
            let reply = Self::found(self.ask(&call).await)?;
            reply.map(|reply| reply.convert::<RawModel, Model>(&call)).transpose()
        })
    }

    fn create_model<'a>(&'a self, new: &'a NewModel) -> BoxFuture<'a, Result<ModelCreation, ReplicateError>> {
        Box::pin(async move {
            let NewModel { model, visibility, hardware, description } = new;
            let mut body = Map::new();
            body.insert("owner".to_owned(), json!(model.owner()));
            body.insert("name".to_owned(), json!(model.name()));
            body.insert("visibility".to_owned(), json!(visibility.as_str()));
            body.insert("hardware".to_owned(), json!(hardware));
            if let Some(description) = description {
                body.insert("description".to_owned(), json!(description));
            }
            let call = Call::post(self.base.join(&["models"]), format!("create the model {model} on {hardware}"));
            let call = call.json(Value::Object(body));
            // Safe to repeat: a name is taken once, and the second response is a 409.
            match self.ask(&call).await {
                Ok(reply) => Ok(ModelCreation::Created(Box::new(reply.convert::<RawModel, Model>(&call)?))),
                Err(error) if matches!(error.failure(), ReplicateFailure::Conflict { .. }) => Ok(ModelCreation::AlreadyThere),
                Err(error) => Err(error),
            }
        })
    }

    fn delete_model<'a>(&'a self, model: &'a ModelRef) -> BoxFuture<'a, Result<Deletion, ReplicateError>> {
        Box::pin(async move { self.delete(&["models", model.owner(), model.name()], format!("delete the model {model}")).await })
    }

    fn version<'a>(&'a self, version: &'a VersionRef) -> BoxFuture<'a, Result<Option<Version>, ReplicateError>> {
        Box::pin(async move {
            let call = self.version_call(version);
            let Some(reply) = Self::found(self.ask(&call).await)? else { return Ok(None) };
            Ok(reply.read::<RawVersion>(&call)?.into_version())
        })
    }

    fn versions<'a>(&'a self, model: &'a ModelRef) -> BoxFuture<'a, Result<Vec<Version>, ReplicateError>> {
        Box::pin(async move {
            let url = self.base.join(&["models", model.owner(), model.name(), "versions"]);
            let mut versions = Vec::new();
            self.follow_pages(&format!("list the versions of {model}"), url, VERSION_PAGES, |page: Vec<RawVersion>| {
                versions.extend(page.into_iter().filter_map(RawVersion::into_version));
                ControlFlow::Continue(())
            })
            .await?;
            Ok(versions)
        })
    }

    fn wait_for_version<'a>(
        &'a self,
        version: &'a VersionRef,
        limit: Duration,
        cancelled: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Version, ReplicateError>> {
        Box::pin(async move {
            let call = Call { attempted: format!("wait for the version {version} to appear"), ..self.version_call(version) };
            let end = Instant::now() + limit;
            let (mut wait, longest) = VERSION_POLL;
            loop {
                let interrupted = || call.failed(ReplicateFailure::Cancelled { still_running: None });
                let reply = tokio::select! {
                    biased;
                    () = cancelled.cancelled() => return Err(interrupted()),
                    outcome = self.repeat(&call, cancelled) => Self::found(outcome)?,
                };
                if let Some(seen) =
                    reply.map(|reply| reply.read::<RawVersion>(&call)).transpose()?.and_then(RawVersion::into_version)
                {
                    return Ok(seen);
                }
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(call.failed(ReplicateFailure::NeverAppeared { within: limit }));
                }
                waits::announce("Replicate does not show the version yet", wait.min(left));
                pause(wait.min(left), cancelled).await.map_err(|_interrupted| interrupted())?;
                wait = (wait * 2).min(longest);
            }
        })
    }

    fn delete_version<'a>(&'a self, version: &'a VersionRef) -> BoxFuture<'a, Result<Deletion, ReplicateError>> {
        Box::pin(async move {
            let VersionRef { model, id } = version;
            let segments = ["models", model.owner(), model.name(), "versions", id.as_str()];
            self.delete(&segments, format!("delete the version {version}")).await
        })
    }
}
