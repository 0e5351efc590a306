//! Retries downloads that break off, so that a test fails only if the network stays down.

use std::fmt::{Debug, Display};
use std::time::Duration;

/// The waits before each further attempt.
const WAITS: [Duration; 3] = [Duration::from_secs(3), Duration::from_secs(10), Duration::from_secs(30)];

/// Messages of pip, apt and BuildKit when a download breaks off or does not start.
const SIGNS: [&str; 9] = [
    "Retrying (Retry(",
    "ReadTimeoutError",
    "IncompleteRead",
    "Connection reset by peer",
    "Connection timed out",
    "Failed to fetch",
    "Temporary failure resolving",
    "TLS handshake timeout",
    "unexpected EOF",
];

fn has_hiccup(text: &str) -> bool {
    SIGNS.iter().any(|sign| text.contains(sign))
}

/// Repeats a run whose output shows a network error, even if the run recovered: its output would differ from a snapshot.
pub fn retried_run<T: Display>(run: impl Fn() -> T) -> T {
    for wait in WAITS {
        let outcome = run();
        if !has_hiccup(&outcome.to_string()) {
            return outcome;
        }
        std::thread::sleep(wait);
    }
    run()
}

/// Repeats what failed with a network error.
pub async fn retried<T, E: Debug>(attempt: impl AsyncFn() -> Result<T, E>) -> Result<T, E> {
    for wait in WAITS {
        match attempt().await {
            Err(error) if has_hiccup(&format!("{error:?}")) => tokio::time::sleep(wait).await,
            outcome => return outcome,
        }
    }
    attempt().await
}
