//! Ends a canceled run in time.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::pipeline::stop::Stop;

/// How long a stage may take to clean up and return what it knows. Together with [`FORGET_TIME`] it is less than the five seconds
/// within which a cancelled run ends; stopping predictions takes up to three of them.
const GRACE: Duration = Duration::from_secs(4);

/// How long a cancelled run waits for the daemon to forget the image that was built.
pub(super) const FORGET_TIME: Duration = Duration::from_millis(500);

/// Runs a stage's work. When the run is canceled, the stage learns of it too and gets some time to end by itself; then it is dropped.
pub(super) async fn within_grace<T>(work: impl Future<Output = Result<T, Stop>>, cancelled: &CancellationToken) -> Result<T, Stop> {
    tokio::pin!(work);
    tokio::select! {
        biased;
        outcome = &mut work => outcome,
        () = cancelled.cancelled() => timeout(GRACE, work).await.unwrap_or(Err(Stop::Cancelled)),
    }
}

/// Asks something that changes nothing and leaves nothing behind: it is dropped at once when the run is canceled.
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
    async fn work_that_ends_by_itself_keeps_its_outcome() {
        let token = cancelled_after(Duration::from_secs(10));
        let begun = Instant::now();
        let work = async {
            token.cancelled().await;
            sleep(Duration::from_secs(3)).await;
            Ok(7)
        };
        assert_eq!(within_grace(work, &token).await.ok(), Some(7));
        assert_eq!(begun.elapsed(), Duration::from_secs(13));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_does_not_listen_is_dropped() {
        let token = cancelled_after(Duration::from_secs(10));
        let begun = Instant::now();
        let outcome = within_grace(std::future::pending::<Result<(), Stop>>(), &token).await;
        assert!(matches!(outcome, Err(Stop::Cancelled)));
        assert!(begun.elapsed() <= Duration::from_secs(14) && GRACE + FORGET_TIME < Duration::from_secs(5));
    }
}
