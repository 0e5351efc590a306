//! Retries.

use std::fmt::Display;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::support::retry::RetryPolicy;
use crate::support::waits;

/// Whether an error is worth a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// No: it would fail again or do harm.
    No,
    /// Yes, after the wait that the service asked for, or else after the policy's.
    After(Option<Duration>),
}

/// An error of one attempt, and whether another is worth it.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct FailedAttempt<E: Display> {
    pub error: E,
    pub again: Retry,
}

/// Why [`retry`] gave up.
#[derive(Debug)]
pub enum RetryError<E> {
    /// The operation failed, with this last error.
    Failed(E),
    /// It was canceled before or between attempts.
    Cancelled,
}

/// A wait was canceled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// Waits, unless canceled.
pub async fn pause(wait: Duration, cancelled: &CancellationToken) -> Result<(), Interrupted> {
    tokio::select! {
        biased;
        () = cancelled.cancelled() => Err(Interrupted),
        () = tokio::time::sleep(wait) => Ok(()),
    }
}

/// Runs `operation` until it succeeds, fails with an error that `classify` does not retry, or runs out of retries.
///
/// A wait that the service asks for takes precedence over the policy's, up to the policy's longest. Canceling ends a wait at once. An
/// operation in progress is left to finish, because the result of a call that creates something would be lost. An operation that may be
/// dropped can watch the token itself.
pub async fn retry<T, E, F>(
    policy: RetryPolicy,
    cancelled: &CancellationToken,
    classify: impl Fn(&E) -> Retry,
    mut operation: impl FnMut() -> F,
) -> Result<T, RetryError<E>>
where
    F: Future<Output = Result<T, E>>,
    E: Display,
{
    let mut policy_waits = policy.waits();
    loop {
        if cancelled.is_cancelled() {
            return Err(RetryError::Cancelled);
        }
        let error = match operation().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let Retry::After(requested) = classify(&error) else { return Err(RetryError::Failed(error)) };
        let Some(own) = policy_waits.next() else { return Err(RetryError::Failed(error)) };
        let wait = requested.unwrap_or(own).min(policy.longest_wait);
        waits::announce(&error.to_string(), wait);
        if pause(wait, cancelled).await.is_err() {
            return Err(RetryError::Cancelled);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;

    const POLICY: RetryPolicy =
        RetryPolicy { retries: 3, first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(10) };

    #[tokio::test(start_paused = true)]
    async fn the_last_error_is_returned_after_the_last_retry() {
        let tries = Cell::new(0);
        let outcome: Result<(), _> = retry(
            POLICY,
            &CancellationToken::new(),
            |_| Retry::After(None),
            || {
                tries.set(tries.get() + 1);
                let number = tries.get();
                async move { Err(number) }
            },
        )
        .await;
        assert!(matches!(outcome, Err(RetryError::Failed(4))), "{outcome:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_that_must_not_be_retried_is_returned() {
        let outcome: Result<(), _> = retry(POLICY, &CancellationToken::new(), |_| Retry::No, || async { Err::<(), _>("no") }).await;
        assert!(matches!(outcome, Err(RetryError::Failed("no"))));
    }

    #[tokio::test(start_paused = true)]
    async fn the_services_wait_takes_precedence_and_is_capped() {
        for (asked, waited) in [(7, 7), (3600, 10)] {
            let first = Cell::new(true);
            let start = Instant::now();
            let outcome = retry(
                POLICY,
                &CancellationToken::new(),
                |_| Retry::After(Some(Duration::from_secs(asked))),
                || {
                    let fail = first.replace(false);
                    async move { if fail { Err("busy") } else { Ok("done") } }
                },
            )
            .await;
            assert!(matches!(outcome, Ok("done")));
            assert_eq!(start.elapsed().as_secs(), waited);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn canceling_ends_a_wait_at_once() {
        let cancelled = CancellationToken::new();
        let start = Instant::now();
        let asked = Duration::from_secs(9);
        let (outcome, ()) =
            tokio::join!(retry(POLICY, &cancelled, |_| Retry::After(Some(asked)), || async { Err::<(), _>("busy") }), async {
                tokio::time::sleep(Duration::from_secs(2)).await;
                cancelled.cancel();
            });
        assert!(matches!(outcome, Err(RetryError::Cancelled)));
        assert_eq!(start.elapsed().as_secs(), 2);
    }
}
