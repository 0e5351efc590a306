//! Creates predictions and trainings, each exactly once.
//!
//! The API has no idempotency key. A creation whose response is lost (an interrupted connection, a timeout, a 5xx) may or may not
//! have happened, and repeating it blindly may run and bill twice. Instead:
//!
//! 1. A rejection (4xx) is returned. A 429 or a failed connection means that nothing was executed: the request is repeated.
//! 2. Otherwise the service is asked for what was created since, on the same target and with the same inputs. One that no caller of
//!    this client holds is taken as the result. If none is found several times, the creation did not happen and is repeated.
//! 3. Identical creations may run at the same time. Each prediction is returned to one caller only
//!    ([`Claims`](super::claims::Claims)): if a caller that lost its response took the prediction of an identical request, the other
//!    finds it taken when its own response arrives, and searches in turn. Both asked for the same, so it only matters that there are
//!    as many predictions as callers.
//!
//! If the search fails as well, nothing is repeated and the error is [`ReplicateFailure::Unresolved`].

use std::ops::ControlFlow;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::clients::http::pause;
use crate::clients::replicate::call::Call;
use crate::clients::replicate::effect::Effect;
use crate::clients::replicate::real::RealReplicate;
use crate::clients::replicate::wire::RawJob;
use crate::clients::replicate::{PredictionTarget, ReplicateError, ReplicateFailure};
use crate::domain::prediction::{Inputs, Prediction};
use crate::support::waits;

/// Pages of a hundred that are searched for a lost creation.
const LOOKUP_PAGES: usize = 20;

/// Predictions that are older than a creation cannot be its result. `Date` headers count whole seconds, so the service's time is
/// known to about two.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(2);

/// The tolerance while the service's time is unknown.
const UNKNOWN_CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// What can be created and run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobKind {
    Prediction,
    Training,
}

impl JobKind {
    /// The path segment of the collection.
    pub(super) const fn collection(self) -> &'static str {
        match self {
            Self::Prediction => "predictions",
            Self::Training => "trainings",
        }
    }

    /// The singular noun.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Prediction => "prediction",
            Self::Training => "training",
        }
    }
}

/// A prediction or training to create.
#[derive(Debug)]
pub(super) struct Creation {
    pub(super) kind: JobKind,
    pub(super) target: PredictionTarget,
    /// The inputs as they are sent.
    pub(super) inputs: Inputs,
    pub(super) call: Call,
}

/// Removes nulls, because the API rejects a null for an optional input.
pub(super) fn without_nulls(inputs: &Inputs) -> Inputs {
    inputs.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The error when another caller took every prediction that this caller could have created.
fn taken_by_a_twin() -> ReplicateFailure {
    ReplicateFailure::UnexpectedBody { reason: "it was taken by an identical request that had lost its own response".to_owned() }
}

impl RealReplicate {
    /// Creates a prediction or training exactly once.
    ///
    /// Canceling ends waits at once, but not a request in progress: what it creates is returned, so that the caller can cancel it.
    pub(super) async fn create(&self, creation: &Creation, cancelled: &CancellationToken) -> Result<Prediction, ReplicateError> {
        let stopped = || creation.call.failed(ReplicateFailure::Cancelled { still_running: None });
        let sent_at = self.now();
        let mut waits = self.retry.waits();
        let mut turn = None;
        loop {
            self.throttle.pass(&mut turn, cancelled).await.map_err(|_interrupted| stopped())?;
            let outcome = match self.send(&creation.call).await {
                Ok(reply) => reply.read::<RawJob>(&creation.call),
                Err(error) => Err(error),
            };
            let (error, wait) = match outcome {
                Ok(job) if self.claims.take(&creation.target, &job) => return Ok(job.into()),
                Ok(_taken) => (creation.call.failed(taken_by_a_twin()), None),
                Err(error) => match error.failure().effect() {
                    Effect::Refused => return Err(error),
                    Effect::NotExecuted(wait) => {
                        let Some(own) = waits.next() else { return Err(error) };
                        let wait = wait.unwrap_or(own).min(self.retry.longest_wait);
                        if let ReplicateFailure::RateLimited { low_credit, .. } = error.failure() {
                            waits::announce("Replicate's rate limit", wait);
                            self.throttle.close(wait, *low_credit);
                        } else {
                            waits::announce(&error.to_string(), wait);
                            pause(wait, cancelled).await.map_err(|_interrupted| stopped())?;
                        }
                        continue;
                    }
                    Effect::Unknown(wait) => (error, wait),
                },
            };
            if let Some(found) = self.find_lost(creation, sent_at, cancelled).await? {
                return Ok(found.into());
            }
            let Some(own) = waits.next() else { return Err(error) };
            pause(wait.unwrap_or(own).min(self.retry.longest_wait), cancelled).await.map_err(|_interrupted| stopped())?;
        }
    }

    /// Searches several times for what a creation without a response created. When canceled, searches once more at once.
    async fn find_lost(
        &self,
        creation: &Creation,
        sent_at: DateTime<Utc>,
        cancelled: &CancellationToken,
    ) -> Result<Option<RawJob>, ReplicateError> {
        for wait in &self.lookup_waits {
            let interrupted = pause(*wait, cancelled).await.is_err();
            let found = self
                .look(creation, sent_at)
                .await
                .map_err(|lookup| creation.call.failed(ReplicateFailure::Unresolved { lookup: Box::new(lookup) }))?;
            if found.is_some() || interrupted {
                return Ok(found);
            }
        }
        Ok(None)
    }

    async fn look(&self, creation: &Creation, sent_at: DateTime<Utc>) -> Result<Option<RawJob>, ReplicateError> {
        let mut url = self.base.join(&[creation.kind.collection()]);
        if creation.kind == JobKind::Prediction {
            // Trainings have no such filter.
            let since = self.not_before(sent_at).to_rfc3339_opts(SecondsFormat::Millis, true);
            url.query_pairs_mut().append_pair("created_after", &since);
        }
        let attempted = format!("check whether a lost {} was created on {}", creation.kind.noun(), creation.target);
        let mut candidates = Vec::new();
        self.follow_pages(&attempted, url, LOOKUP_PAGES, |page: Vec<RawJob>| {
            // Computed for each page, because the first response may have revealed the service's time.
            let since = self.not_before(sent_at);
            let is_old = |job: &RawJob| job.created_at.is_some_and(|created_at| created_at < since);
            // Newest first: everything after an old one is older still.
            let passed = page.iter().any(is_old);
            candidates.extend(page.into_iter().filter(|job| !is_old(job)));
            if passed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .await?;
        Ok(self.claims.take_lost(&creation.target, &creation.inputs, candidates))
    }

    /// The earliest time, by the service's clock, at which a request sent at `sent_at` can have created something.
    fn not_before(&self, sent_at: DateTime<Utc>) -> DateTime<Utc> {
        match self.service_time(sent_at) {
            Some(time) => time - CLOCK_TOLERANCE,
            None => sent_at - UNKNOWN_CLOCK_TOLERANCE,
        }
    }
}
