//! Driving a prediction or training from its creation to its end.
//!
//! There are two limits, because a cold boot can take minutes and says nothing about the model's speed: one from creation until it
//! began, one from then on. Times of the service's clock are only compared with each other, never with ours.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::clients::replicate::failure::{TimeLimit, TimedOut};
use crate::clients::replicate::predictions::Watcher;
use crate::clients::replicate::{Failure, ReplicateError};
use crate::domain::plan::Limits;
use crate::domain::prediction::{Prediction, PredictionId, PredictionStatus};

/// How long a cancelled run waits for the service before it leaves.
const CANCEL_TIME: Duration = Duration::from_secs(3);

/// How long a run that reached a limit waits for the confirmation that it was stopped.
const CONFIRM_TIME: Duration = Duration::from_secs(10);

/// How long a new prediction may be unknown to `GET`.
const VISIBILITY_TIME: Duration = Duration::from_secs(10);

/// A look at the moment of a limit gets this long, so that one that ended in time is seen to have.
const LAST_LOOK_TIME: Duration = Duration::from_secs(5);

/// The shortest time between two looks when something is expected to happen: right after the creation, and when the end is near.
const SHORTEST_WHEN_EXPECTED: Duration = Duration::from_millis(10);

/// How often a prediction is polled: after a part of the time it has spent in its phase, within bounds, and more often around its
/// expected end.
///
/// Polling is effectively free (59999 a minute: `docs/reference/replicate-api.md#rate-limits`), and noticing an end late adds to the
/// time of every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Polling {
    /// The shortest time between two looks.
    pub shortest: Duration,
    /// The longest while it is starting. A boot takes minutes.
    pub longest_starting: Duration,
    /// The longest while it is running.
    pub longest_running: Duration,
    /// What predictions before it took, when there were any.
    pub typical: Option<Duration>,
}

impl Default for Polling {
    fn default() -> Self {
        Self {
            shortest: Duration::from_millis(50),
            longest_starting: Duration::from_secs(1),
            longest_running: Duration::from_millis(250),
            typical: None,
        }
    }
}

impl Polling {
    fn wait(&self, phase: TimeLimit, age: Duration) -> Duration {
        let expected = SHORTEST_WHEN_EXPECTED;
        let (wait, shortest, longest) = match (phase, self.typical) {
            // A version that is warm begins at once, and others may wait to see it begin.
            (TimeLimit::StartUp, _) => (age / 5, expected, self.longest_starting),
            (TimeLimit::Run, Some(typical)) if age < typical * 9 / 10 => {
                (typical * 9 / 10 - age, self.shortest, self.longest_running)
            }
            (TimeLimit::Run, Some(typical)) if age < typical * 2 => (typical / 50, expected, self.longest_running),
            (TimeLimit::Run, _) => (age / 20, self.shortest, self.longest_running),
        };
        wait.max(shortest).min(longest)
    }
}

/// The limits of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// From creation until it began: queue, image pull, `setup()`.
    pub startup: Duration,
    /// From its beginning to its end.
    pub run: Duration,
    /// How often it is looked at.
    pub polling: Polling,
}

impl RunLimits {
    /// The limits of a plan's predictions.
    pub fn of_prediction(limits: &Limits) -> Self {
        Self { startup: limits.startup, run: limits.predict, polling: Polling::default() }
    }

    /// The same for a prediction that is expected to take so long.
    #[must_use]
    pub fn expecting(self, typical: Option<Duration>) -> Self {
        Self { polling: Polling { typical, ..self.polling }, ..self }
    }

    /// The limits of a plan's trainings.
    pub fn of_training(limits: &Limits) -> Self {
        Self { run: limits.train, ..Self::of_prediction(limits) }
    }

    /// When the service should stop it by itself, should we be gone: later than we would. `None` when that is no time at all.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.startup.checked_add(self.run)?.checked_add(Duration::from_secs(60))
    }
}

/// What is driven.
pub(super) trait Job: Send + Sync {
    /// What is attempted; fits after "failed to".
    fn describe(&self) -> String;
    fn create(&self, cancelled: &CancellationToken) -> impl Future<Output = Result<Prediction, ReplicateError>> + Send;
    fn get(&self, id: &PredictionId) -> impl Future<Output = Result<Prediction, ReplicateError>> + Send;
    fn cancel(&self, id: &PredictionId) -> impl Future<Output = Result<Prediction, ReplicateError>> + Send;
}

/// Creates a job and waits for its end.
pub(super) async fn drive<J: Job>(
    job: &J,
    limits: &RunLimits,
    watcher: &Watcher<'_>,
    cancelled: &CancellationToken,
) -> Result<Prediction, ReplicateError> {
    let mut current = create(job, cancelled).await?;
    watcher(&current);
    let created = Instant::now();
    let mut started = started_at(&current, created);
    loop {
        if current.status.is_terminal() {
            return Ok(current);
        }
        if cancelled.is_cancelled() {
            return abandon(job, &current).await;
        }
        let (phase, since, limit) = match started {
            None => (TimeLimit::StartUp, created, limits.startup),
            Some(started) => (TimeLimit::Run, started, limits.run),
        };
        let age = since.elapsed();
        let left = limit.saturating_sub(age);
        if left.is_zero() {
            return give_up(job, phase, limit, current).await;
        }
        let wait = limits.polling.wait(phase, age).min(left);
        let look = async {
            sleep(wait).await;
            // A service that does not answer must not stretch the limit.
            timeout(left - wait + LAST_LOOK_TIME, job.get(&current.id)).await
        };
        let seen = tokio::select! {
            biased;
            () = cancelled.cancelled() => continue,
            seen = look => seen,
        };
        match seen {
            Ok(Ok(next)) => {
                if next.status != current.status {
                    watcher(&next);
                }
                current = next;
                started = started.or_else(|| started_at(&current, created));
            }
            Ok(Err(error)) if error.is_not_found() && created.elapsed() < VISIBILITY_TIME => {}
            Ok(Err(error)) => {
                // It cannot be watched any longer, so it must not run on; the first error is the one that tells why.
                stop(job, &current.id, CANCEL_TIME).await;
                return Err(error);
            }
            Err(_elapsed) => {}
        }
    }
}

/// Creates the job. When cancelled meanwhile, the request gets a moment to end, so that what it created can be stopped.
async fn create<J: Job>(job: &J, cancelled: &CancellationToken) -> Result<Prediction, ReplicateError> {
    let creating = job.create(cancelled);
    tokio::pin!(creating);
    tokio::select! {
        created = &mut creating => created,
        () = cancelled.cancelled() => timeout(CANCEL_TIME, creating).await.unwrap_or_else(|_elapsed| {
            Err(ReplicateError::new(job.describe(), Failure::Cancelled { still_running: None }))
        }),
    }
}

/// When it began, by our clock: as long after its creation as the service says.
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

/// Stops a job for somebody who does not want it any more.
async fn abandon<J: Job>(job: &J, current: &Prediction) -> Result<Prediction, ReplicateError> {
    let stopped = stop(job, &current.id, CANCEL_TIME).await.is_some();
    let still_running = (!stopped).then(|| current.id.clone());
    Err(ReplicateError::new(job.describe(), Failure::Cancelled { still_running }))
}

/// Stops a job that reached a limit. One that came to its own end meanwhile counts as what it is.
async fn give_up<J: Job>(job: &J, limit: TimeLimit, allowed: Duration, current: Prediction) -> Result<Prediction, ReplicateError> {
    let ended = stop(job, &current.id, CONFIRM_TIME).await;
    match ended {
        Some(ended) if matches!(ended.status, PredictionStatus::Succeeded | PredictionStatus::Failed) => Ok(ended),
        ended => {
            // The last look is kept: the answer to a cancellation comes without logs.
            let timed_out = TimedOut { limit, allowed, prediction: current, stopped: ended.is_some() };
            Err(ReplicateError::new(job.describe(), Failure::TimedOut(Box::new(timed_out))))
        }
    }
}

/// Cancels a job and waits, for a while, until it is seen to have ended.
async fn stop<J: Job>(job: &J, id: &PredictionId, within: Duration) -> Option<Prediction> {
    let stopping = async {
        // What a cancellation of an ended job answers is not known, and the answer comes without output: looking tells.
        if let Ok(answer) = job.cancel(id).await
            && matches!(answer.status, PredictionStatus::Canceled | PredictionStatus::Aborted)
        {
            return answer;
        }
        loop {
            if let Ok(seen) = job.get(id).await
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
