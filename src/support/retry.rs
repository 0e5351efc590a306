//! How long to wait before the next try. What may be repeated at all is decided by each client.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// A retry policy: exponential, with jitter, capped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries after the first.
    pub retries: usize,
    /// The wait before the first of them.
    pub first_wait: Duration,
    /// No wait is longer than this, whatever a service asks for.
    pub longest_wait: Duration,
}

impl RetryPolicy {
    /// For services over HTTP: five retries from half a second on.
    pub const HTTP: Self = Self { retries: 5, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(60) };

    pub fn waits(self) -> ExponentialBackoff {
        ExponentialBuilder::default()
            .with_min_delay(self.first_wait)
            .with_max_delay(self.longest_wait)
            .with_max_times(self.retries)
            .with_jitter()
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_counted_and_capped() {
        let policy = RetryPolicy { retries: 12, first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(8) };
        let waits: Vec<Duration> = policy.waits().collect();
        assert_eq!(waits.len(), 12);
        // Jitter adds at most one more base wait on top of the cap.
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(16)), "{waits:?}");
    }
}
