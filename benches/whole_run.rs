//! How long a whole verification takes, compared with the shortest possible time: the run of
//! `docs/reference/cog-safe-push.md#a-whole-run`, with scripted predictions and a judge of a given latency. Prints a table and never
//! fails, because times on a busy machine say little.
//!
//! The shortest possible time is the longest of three chains, with no time for starting safe-push: all predictions in full rows of
//! `parallel`; the fuzz inputs, which have to be generated before they are predicted; the first output and its judgment. A prediction takes
//! two round trips beside its latency, as in the reference.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

use std::time::Duration;

use test_support::whole_run::{WholeRun, agreeing, hello};

/// Predictions of the run: ten cases, the two of the comparison, ten generated.
const PREDICTIONS: u32 = 22;

/// Of those, the ones whose inputs are generated.
const GENERATED: u32 = 10;

/// Measurements per row; the median is reported.
const RUNS: usize = 3;

struct Row {
    round_trip_millis: u64,
    latency_millis: u64,
    parallel: u32,
    thinking_millis: u64,
}

const ROWS: [Row; 8] = [
    Row { round_trip_millis: 0, latency_millis: 300, parallel: 4, thinking_millis: 0 },
    Row { round_trip_millis: 0, latency_millis: 300, parallel: 16, thinking_millis: 0 },
    Row { round_trip_millis: 0, latency_millis: 1000, parallel: 4, thinking_millis: 0 },
    Row { round_trip_millis: 0, latency_millis: 1000, parallel: 16, thinking_millis: 0 },
    Row { round_trip_millis: 0, latency_millis: 300, parallel: 4, thinking_millis: 3000 },
    Row { round_trip_millis: 0, latency_millis: 1000, parallel: 4, thinking_millis: 3000 },
    Row { round_trip_millis: 100, latency_millis: 1000, parallel: 4, thinking_millis: 0 },
    Row { round_trip_millis: 100, latency_millis: 1000, parallel: 16, thinking_millis: 0 },
];

impl Row {
    fn shortest(&self) -> Duration {
        let latency = Duration::from_millis(self.latency_millis) + 2 * Duration::from_millis(self.round_trip_millis);
        let thinking = Duration::from_millis(self.thinking_millis);
        let all = latency * PREDICTIONS.div_ceil(self.parallel);
        let generated = thinking + latency * GENERATED.div_ceil(self.parallel);
        all.max(generated).max(latency + thinking)
    }

    async fn measure(&self) -> (Duration, usize, usize) {
        let latency = Duration::from_millis(self.latency_millis);
        let thinking = Duration::from_millis(self.thinking_millis);
        let round_trip = Duration::from_millis(self.round_trip_millis);
        let whole = WholeRun::far_off(round_trip, latency, thinking, move |request| hello(request, latency), agreeing).await;
        whole.repository.edit("cog-safe-push.yaml", "parallel: 4", &format!("parallel: {}", self.parallel));
        let (seen, wall) = whole.verify_timed().await;
        assert_eq!(seen.code, Some(0), "{seen}");
        assert_eq!(whole.claude.refused(), Vec::<String>::new());
        let (requests, predictions) = (whole.sandbox.requests().len(), whole.sandbox.predictions().len());
        whole.sandbox.stop().await;
        (wall, requests, predictions)
    }
}

#[tokio::main]
async fn main() {
    println!("round trip  latency  parallel  judge   shortest  wall      ratio  requests per prediction");
    for row in ROWS {
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            runs.push(row.measure().await);
        }
        runs.sort_by_key(|(wall, ..)| *wall);
        let (wall, requests, predictions) = runs[RUNS / 2];
        let shortest = row.shortest();
        println!(
            "{:>7} ms  {:>4} ms  {:>8}  {:>3} s   {:>6.2} s  {:>6.2} s  {:>5.2}  {:.2} ({requests} / {predictions})",
            row.round_trip_millis,
            row.latency_millis,
            row.parallel,
            row.thinking_millis / 1000,
            shortest.as_secs_f64(),
            wall.as_secs_f64(),
            wall.as_secs_f64() / shortest.as_secs_f64(),
            requests as f64 / predictions as f64,
        );
    }
}
