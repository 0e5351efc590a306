//! Drives a prediction or training from its creation until it finishes.
//!
//! There are two limits, because a cold boot can take minutes and says nothing about the model's speed: one from creation until it
//! starts, one from then on. Times of the service's clock are only compared with each other, never with ours.

use std::future::{Future, pending};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::limits::{Outlook, RunLimits, TimeLimit, TimedOut};
use crate::clients::replicate::{ReplicateError, ReplicateFailure};
use crate::domain::prediction::{Prediction, PredictionId, PredictionStatus};

/// How long a canceled run waits for the service.
const CANCEL_TIME: Duration = Duration::from_secs(3);

/// How long to wait for the confirmation that a prediction over its limit was stopped.
const CONFIRM_TIME: Duration = Duration::from_secs(10);

/// How long `GET` may answer that a new prediction does not exist.
const VISIBILITY_TIME: Duration = Duration::from_secs(10);

/// How long the last poll at a limit may take. It notices a prediction that finished in time.
const LAST_LOOK_TIME: Duration = Duration::from_secs(5);

/// Called when a prediction is created, each time its status changes, and when it has its first output. Must not block.
pub type StatusObserver<'a> = dyn Fn(&Prediction) + Send + Sync + 'a;

/// The calls that drive a prediction or training.
pub(super) trait Operation: Send + Sync {
    /// What is attempted; fits after "failed to".
    fn describe(&self) -> String;
    fn create(&self, cancelled: &CancellationToken) -> impl Future<Output = Result<Prediction, ReplicateError>> + Send;
    fn get(&self, id: &PredictionId) -> impl Future<Output = Result<Prediction, ReplicateError>> + Send;
    fn cancel(&self, id: &PredictionId) -> impl Future<Output = Result<Prediction, ReplicateError>> + Send;
}

/// Creates a prediction or training and waits until it finishes.
pub(super) async fn drive<O: Operation>(
    operation: &O,
    limits: &RunLimits,
    observer: &StatusObserver<'_>,
    cancelled: &CancellationToken,
) -> Result<Prediction, ReplicateError> {
    let mut current = create(operation, cancelled).await?;
    observer(&current);
    let created = Instant::now();
    let mut started = started_at(&current, created);
    let pace = limits.pace.as_deref();
    let (mut is_news, mut was_polled) = (false, false);
    loop {
        if current.status.is_terminal() {
            return Ok(current);
        }
        if cancelled.is_cancelled() {
            return abandon(operation, &current).await;
        }
        let (phase, since, limit) = match started {
            None => (TimeLimit::StartUp, created, limits.startup),
            Some(started) => (TimeLimit::Run, started, limits.run),
        };
        let age = since.elapsed();
        let left = limit.saturating_sub(age);
        if left.is_zero() {
            return give_up(operation, phase, limit, current).await;
        }
        let unknown = pace.filter(|pace| pace.typical().is_none());
        let outlook = match pace.and_then(|pace| Some((pace.typical()?, pace.round_trip()))) {
            Some((typical, round_trip)) => Outlook::Expected { typical, round_trip, is_news: std::mem::take(&mut is_news) },
            None => Outlook::Unknown,
        };
        let wait = limits.polling.wait(phase, age, outlook, was_polled);
        let in_turn = unknown.filter(|_| !(limits.polling.boots && phase == TimeLimit::StartUp));
        let wait = in_turn.map_or(wait, |pace| pace.turn(wait, limits.polling.shortest)).min(left);
        let learned = async {
            match unknown {
                Some(pace) => pace.learned().await,
                None => pending().await,
            }
        };
        let id = current.id.clone();
        let look = async {
            sleep(wait).await;
            let sent_at = Instant::now();
            // A service that does not respond must not extend the limit.
            let seen = timeout(left - wait + LAST_LOOK_TIME, operation.get(&id)).await;
            (seen, sent_at.elapsed())
        };
        tokio::pin!(look);
        let (seen, took) = tokio::select! {
            biased;
            () = cancelled.cancelled() => continue,
            looked = &mut look => looked,
            () = learned => {
                // A poll on its way is waited for: its answer may be the end.
                if since.elapsed() < age + wait {
                    is_news = true;
                    continue;
                }
                tokio::select! {
                    biased;
                    () = cancelled.cancelled() => continue,
                    looked = &mut look => looked,
                }
            }
        };
        was_polled = true;
        if let Some(pace) = pace {
            pace.record_round_trip(took);
        }
        match seen {
            Ok(Ok(next)) => {
                if next.status != current.status || (current.output.is_none() && next.output.is_some()) {
                    observer(&next);
                }
                current = next;
                started = started.or_else(|| started_at(&current, created));
            }
            Ok(Err(error)) if error.is_not_found() && created.elapsed() < VISIBILITY_TIME => {}
            Ok(Err(error)) => {
                // It can no longer be watched, so it must not keep running. The first error explains why.
                stop(operation, &current.id, CANCEL_TIME).await;
                return Err(error);
            }
            Err(_elapsed) => {}
        }
    }
}

/// Creates the operation. If canceled meanwhile, waits briefly for the response, so that what was created can be stopped.
async fn create<O: Operation>(operation: &O, cancelled: &CancellationToken) -> Result<Prediction, ReplicateError> {
    let creating = operation.create(cancelled);
    tokio::pin!(creating);
    tokio::select! {
        created = &mut creating => created,
        () = cancelled.cancelled() => timeout(CANCEL_TIME, creating).await.unwrap_or_else(|_elapsed| {
            Err(ReplicateError::new(operation.describe(), ReplicateFailure::Cancelled { still_running: None }))
        }),
    }
}

/// When it started, by our clock: as long after its creation as the service reports.
fn started_at(prediction: &Prediction, created: Instant) -> Option<Instant> {
    let now = Instant::now();
    match (prediction.created_at, prediction.started_at) {
        (Some(created_at), Some(started_at)) => {
            let after = (started_at - created_at).to_std().unwrap_or_default();
            Some(created.checked_add(after).map_or(now, |started| started.min(now)))
        }
        (None, Some(_)) => Some(now),
        (_, None) => (prediction.status == PredictionStatus::Processing).then_some(now),
    }
}

/// Cancels an operation that is no longer wanted.
async fn abandon<O: Operation>(operation: &O, current: &Prediction) -> Result<Prediction, ReplicateError> {
    let stopped = stop(operation, &current.id, CANCEL_TIME).await.is_some();
    let still_running = (!stopped).then(|| current.id.clone());
    Err(ReplicateError::new(operation.describe(), ReplicateFailure::Cancelled { still_running }))
}

/// Cancels an operation that reached a limit. One that finished meanwhile counts with its result.
async fn give_up<O: Operation>(
    operation: &O,
    limit: TimeLimit,
    allowed: Duration,
    current: Prediction,
) -> Result<Prediction, ReplicateError> {
    let ended = stop(operation, &current.id, CONFIRM_TIME).await;
    match ended {
        Some(ended) if matches!(ended.status, PredictionStatus::Succeeded | PredictionStatus::Failed) => Ok(ended),
        ended => {
            // The last poll is kept, because the response to a cancellation has no logs.
            let timed_out = TimedOut { limit, allowed, prediction: current, stopped: ended.is_some() };
            Err(ReplicateError::new(operation.describe(), ReplicateFailure::TimedOut(Box::new(timed_out))))
        }
    }
}

/// Cancels an operation and waits until it is confirmed to have stopped.
async fn stop<O: Operation>(operation: &O, id: &PredictionId, within: Duration) -> Option<Prediction> {
    let stopping = async {
        // The response to canceling a finished operation is unknown, and it has no output. So poll.
        if let Ok(answer) = operation.cancel(id).await
            && matches!(answer.status, PredictionStatus::Canceled | PredictionStatus::Aborted)
        {
            return answer;
        }
        loop {
            if let Ok(seen) = operation.get(id).await
                && seen.status.is_terminal()
            {
                return seen;
            }
            sleep(Duration::from_millis(250)).await;
        }
    };
    timeout(within, stopping).await.ok()
}

#[cfg(test)]
mod tests;
