//! The pace of requests that create content: `docs/reference/github-actions.md#rate-limits`.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::support::locks::lock;

/// Requests that create content, for all jobs of an account together. GitHub's limit is 80 a minute.
pub(super) const WRITES_PER_MINUTE: usize = 75;

const MINUTE: Duration = Duration::from_secs(60);

/// Lets a number of requests pass each minute, and makes others wait.
pub(super) struct WritePace {
    per_minute: usize,
    sent: Mutex<VecDeque<Instant>>,
}

impl WritePace {
    pub(super) fn new(per_minute: usize) -> Self {
        Self { per_minute: per_minute.max(1), sent: Mutex::default() }
    }

    /// Waits for the next turn.
    pub(super) async fn turn(&self) {
        while let Some(wait) = self.wait() {
            sleep(wait).await;
        }
    }

    /// Waits until so many turns can be taken without waiting, or as many as there are in a minute. Takes none.
    /// Returns whether there was a wait.
    pub(super) async fn room(&self, turns: usize) -> bool {
        let mut has_waited = false;
        while let Some(wait) = self.wait_for_room(turns) {
            has_waited = true;
            sleep(wait).await;
        }
        has_waited
    }

    fn wait_for_room(&self, turns: usize) -> Option<Duration> {
        self.wait_for(&mut self.sent(), turns, Instant::now())
    }

    /// Takes a turn, or says how long it takes until the next one.
    fn wait(&self) -> Option<Duration> {
        let (mut sent, now) = (self.sent(), Instant::now());
        let wait = self.wait_for(&mut sent, 1, now);
        if wait.is_none() {
            sent.push_back(now);
        }
        wait
    }

    /// How long it takes until there are so many turns.
    fn wait_for(&self, sent: &mut VecDeque<Instant>, turns: usize, now: Instant) -> Option<Duration> {
        while sent.front().is_some_and(|first| now.duration_since(*first) >= MINUTE) {
            sent.pop_front();
        }
        let last_in_the_way = (sent.len() + turns.min(self.per_minute)).checked_sub(self.per_minute + 1)?;
        sent.get(last_in_the_way).map(|sent| (*sent + MINUTE).duration_since(now))
    }

    fn sent(&self) -> MutexGuard<'_, VecDeque<Instant>> {
        lock(&self.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_minute_has_more_requests_than_allowed() {
        let (pace, start) = (WritePace::new(3), Instant::now());
        let mut at = Vec::new();
        for _ in 0..7 {
            pace.turn().await;
            at.push(start.elapsed().as_secs());
        }
        assert_eq!(at, [0, 0, 0, 60, 60, 60, 120]);
    }

    #[tokio::test(start_paused = true)]
    async fn room_is_waited_for_once() {
        let (pace, start) = (WritePace::new(4), Instant::now());
        let since = || start.elapsed().as_secs();
        pace.turn().await;
        assert!(!pace.room(3).await);
        assert_eq!(since(), 0);
        sleep(Duration::from_secs(10)).await;
        pace.turn().await;
        // The first of the two is over then.
        assert!(pace.room(3).await);
        assert_eq!(since(), 60);
        for _ in 0..3 {
            pace.turn().await;
        }
        assert_eq!(since(), 60);
        // More than there are in a minute: as many as there are.
        assert!(pace.room(100).await);
        assert_eq!(since(), 120);
    }
}
