//! Throttles creations. When the service asks one caller to wait, all wait. When it accepts one creation at a time, callers take turns.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::MutexGuard;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clients::http::{Interrupted, pause};
use crate::support::locks::lock;

/// Decides when a creation may be sent.
///
/// An account with little credit may create six predictions a minute, one at a time: `docs/reference/replicate-api.md#rate-limits`.
/// Callers that each waited and retried would use up their retries on each other. Here one caller retries and the rest wait in
/// line.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    reduced: AtomicBool,
    line: tokio::sync::Mutex<()>,
    closed_until: Mutex<Option<Instant>>,
}

/// The place at the head of the line, held until the call succeeds.
pub(super) type Turn<'a> = Option<MutexGuard<'a, ()>>;

impl Throttle {
    /// Whether calls take turns.
    pub(super) fn is_reduced(&self) -> bool {
        self.reduced.load(Ordering::Relaxed)
    }

    /// Blocks all calls for a while. With `one_at_a_time`, calls take turns from then on.
    pub(super) fn close(&self, wait: Duration, one_at_a_time: bool) {
        let until = Instant::now() + wait;
        let mut closed_until = lock(&self.closed_until);
        *closed_until = Some(closed_until.map_or(until, |before| before.max(until)));
        if one_at_a_time {
            self.reduced.store(true, Ordering::Relaxed);
        }
    }

    /// Waits until the caller may send. `turn` is kept across the caller's retries.
    pub(super) async fn pass<'a>(&'a self, turn: &mut Turn<'a>, cancelled: &CancellationToken) -> Result<(), Interrupted> {
        if cancelled.is_cancelled() {
            return Err(Interrupted);
        }
        loop {
            if self.is_reduced() && turn.is_none() {
                *turn = Some(tokio::select! {
                    biased;
                    () = cancelled.cancelled() => return Err(Interrupted),
                    head = self.line.lock() => head,
                });
            }
            let closed_until = *lock(&self.closed_until);
            match closed_until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(wait) if !wait.is_zero() => pause(wait, cancelled).await?,
                _ => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn when_one_caller_has_to_wait_all_wait() {
        let throttle = Throttle::default();
        let start = Instant::now();
        throttle.pass(&mut None, &CancellationToken::new()).await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        throttle.close(Duration::from_secs(5), false);
        throttle.close(Duration::from_secs(3), false);
        throttle.pass(&mut None, &CancellationToken::new()).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 5);
        assert!(!throttle.is_reduced());
    }

    #[tokio::test(start_paused = true)]
    async fn reduced_callers_take_turns() {
        let throttle = Arc::new(Throttle::default());
        throttle.close(Duration::from_secs(1), true);
        let inside = Arc::new(AtomicUsize::new(0));
        let callers: Vec<_> = (0..5)
            .map(|_| {
                let (throttle, inside) = (throttle.clone(), inside.clone());
                tokio::spawn(async move {
                    let mut turn = None;
                    throttle.pass(&mut turn, &CancellationToken::new()).await.unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_in_line_can_be_canceled() {
        let throttle = Throttle::default();
        throttle.close(Duration::ZERO, true);
        let mut first = None;
        throttle.pass(&mut first, &CancellationToken::new()).await.unwrap();
        let cancelled = CancellationToken::new();
        let mut second = None;
        let (outcome, ()) = tokio::join!(throttle.pass(&mut second, &cancelled), async { cancelled.cancel() });
        assert_eq!(outcome, Err(Interrupted));
    }
}
