//! Stops a canceled run in time.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::pipeline::stop::Stop;

/// How long a stage may take to clean up and return its results. Together with [`FORGET_TIME`] it is less than the five seconds in which a
/// canceled run stops. Stopping predictions takes up to three of them.
const GRACE: Duration = Duration::from_secs(4);

/// How long a canceled run waits for the daemon to remove the name of the built image.
pub(super) const FORGET_TIME: Duration = Duration::from_millis(500);

/// Runs a stage's work. If the run is canceled, the stage gets some time to stop by itself before it is dropped.
pub(super) async fn within_grace<T>(work: impl Future<Output = Result<T, Stop>>, cancelled: &CancellationToken) -> Result<T, Stop> {
    tokio::pin!(work);
    tokio::select! {
        biased;
        outcome = &mut work => outcome,
        () = cancelled.cancelled() => timeout(GRACE, work).await.unwrap_or(Err(Stop::Cancelled)),
    }
}

/// Runs a request that changes nothing. It is dropped at once if the run is canceled.
pub(super) async fn at_once<T, E: Into<Stop>>(
    question: impl Future<Output = Result<T, E>>,
    cancelled: &CancellationToken,
) -> Result<T, Stop> {
    tokio::select! {
        biased;
        () = cancelled.cancelled() => Err(Stop::Cancelled),
        answer = question => answer.map_err(Into::into),
    }
}

/// How long a request may take before a notice says what is waited for.
const SLOW: Duration = Duration::from_secs(3);

/// Runs a request, and calls `notice` once if it takes long.
pub(super) async fn noticed_when_slow<T>(question: impl Future<Output = T>, notice: impl FnOnce()) -> T {
    tokio::pin!(question);
    match timeout(SLOW, &mut question).await {
        Ok(answer) => answer,
        Err(_slow) => {
            notice();
            question.await
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    fn cancelled_after(wait: Duration) -> CancellationToken {
        let token = CancellationToken::new();
        let later = token.clone();
        tokio::spawn(async move {
            sleep(wait).await;
            later.cancel();
        });
        token
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_request_is_noticed_once_and_answered() {
        for (seconds, expected) in [(1, 0), (20, 1)] {
            let mut notices = 0;
            let answer = noticed_when_slow(
                async {
                    sleep(Duration::from_secs(seconds)).await;
                    seconds
                },
                || notices += 1,
            )
            .await;
            assert_eq!((answer, notices), (seconds, expected));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_stops_by_itself_keeps_its_outcome() {
        let token = cancelled_after(Duration::from_secs(10));
        let started = Instant::now();
        let work = async {
            token.cancelled().await;
            sleep(Duration::from_secs(3)).await;
            Ok(7)
        };
        assert_eq!(within_grace(work, &token).await.ok(), Some(7));
        assert_eq!(started.elapsed(), Duration::from_secs(13));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_ignores_cancellation_is_dropped() {
        let token = cancelled_after(Duration::from_secs(10));
        let started = Instant::now();
        let outcome = within_grace(std::future::pending::<Result<(), Stop>>(), &token).await;
        assert!(matches!(outcome, Err(Stop::Cancelled)));
        assert!(started.elapsed() <= Duration::from_secs(14) && GRACE + FORGET_TIME < Duration::from_secs(5));
    }
}
