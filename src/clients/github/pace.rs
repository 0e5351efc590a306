//! The pace of requests that create content: `docs/reference/github-actions.md#rate-limits`.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Requests that create content, for all jobs of an account together. GitHub's limit is 80 a minute.
pub(super) const WRITES_PER_MINUTE: usize = 75;

const MINUTE: Duration = Duration::from_secs(60);

/// Lets a number of requests pass each minute, and makes others wait.
pub(super) struct Pace {
    per_minute: usize,
    sent: Mutex<VecDeque<Instant>>,
}

impl Pace {
    pub(super) fn new(per_minute: usize) -> Self {
        Self { per_minute: per_minute.max(1), sent: Mutex::default() }
    }

    /// Waits for the next turn.
    pub(super) async fn turn(&self) {
        while let Some(wait) = self.wait() {
            sleep(wait).await;
        }
    }

    /// Takes a turn, or says how long it takes until the next one.
    fn wait(&self) -> Option<Duration> {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while sent.front().is_some_and(|first| now.duration_since(*first) >= MINUTE) {
            sent.pop_front();
        }
        match sent.front() {
            Some(first) if sent.len() >= self.per_minute => Some((*first + MINUTE).duration_since(now)),
            _ => {
                sent.push_back(now);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_minute_has_more_requests_than_allowed() {
        let (pace, start) = (Pace::new(3), Instant::now());
        let mut at = Vec::new();
        for _ in 0..7 {
            pace.turn().await;
            at.push(start.elapsed().as_secs());
        }
        assert_eq!(at, [0, 0, 0, 60, 60, 60, 120]);
    }
}
