//! How often the rule is wrong, on simulated run times.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::statistics::{Pair, SpeedDecision, TYPICAL, decide, is_suspect};
use crate::support::seed::Seed;

/// How run times scatter.
#[derive(Clone, Copy)]
enum Noise {
    /// Each run time is off by up to this share, evenly.
    Even(f64),
    /// Hosts and predictions differ log-normally by these shares, and 3 % of the predictions take up to three times as long.
    Hosts(f64, f64),
}

impl Noise {
    /// One batch of five inputs, with fresh hosts.
    fn batch(self, change: f64, inputs: usize, random: &mut ChaCha8Rng) -> Vec<Pair> {
        let (live_host, staged_host) = match self {
            Self::Even(_) => (1.0, 1.0),
            Self::Hosts(host, _) => (log_normal(host, random), log_normal(host, random)),
        };
        let mut time = |base: f64, host: f64| match self {
            Self::Even(share) => base * random.random_range(1.0 - share..1.0 + share),
            Self::Hosts(_, share) => {
                let outlier = if random.random_bool(0.03) { random.random_range(1.3..3.0) } else { 1.0 };
                base * host * log_normal(share, random) * outlier
            }
        };
        (0..inputs)
            .map(|input| {
                let base = 2.0 + input as f64;
                Pair { live: time(base, live_host), staged: time(base * change, staged_host) }
            })
            .collect()
    }
}

fn log_normal(share: f64, random: &mut ChaCha8Rng) -> f64 {
    let (radius, angle): (f64, f64) = (random.random_range(f64::EPSILON..1.0), random.random_range(0.0..std::f64::consts::TAU));
    (share * (-2.0 * radius.ln()).sqrt() * angle.cos()).exp()
}

/// The share of runs in which the rule reports a slow-down.
fn reported(noise: Noise, change: f64, inputs: usize, runs: u32) -> f64 {
    let mut random = Seed(16).generator("speed");
    let found = (0..runs).filter(|_| {
        let first = noise.batch(change, inputs, &mut random);
        // The second batch only runs when the first one is suspicious.
        is_suspect(&first) && decide(&first, &noise.batch(change, inputs, &mut random), TYPICAL) == SpeedDecision::Slower
    });
    found.count() as f64 / f64::from(runs)
}

#[test]
fn run_times_that_are_off_by_15_percent_raise_no_false_alarm_and_hide_no_slow_down_of_half() {
    let noise = Noise::Even(0.15);
    let (false_alarms, found) = (reported(noise, 1.0, 5, 100_000), reported(noise, 1.5, 5, 100_000));
    println!("±15 %, 5 inputs: {:.4} % false alarms, {:.3} % of 1.5 × found", false_alarms * 100.0, found * 100.0);
    assert!(false_alarms == 0.0 && found > 0.9998, "{false_alarms} {found}");
}

#[test]
fn hosts_of_different_speed_raise_false_alarms_in_less_than_one_run_of_a_hundred() {
    for (name, noise, most, least) in [
        ("quiet", Noise::Hosts(0.05, 0.10), 0.0005, 0.55),
        ("middle", Noise::Hosts(0.10, 0.15), 0.003, 0.25),
        ("loud", Noise::Hosts(0.15, 0.20), 0.01, 0.15),
    ] {
        let (false_alarms, five, eight) =
            (reported(noise, 1.0, 5, 40_000), reported(noise, 1.5, 5, 8_000), reported(noise, 1.5, 8, 8_000));
        println!(
            "{name}: {:.3} % false alarms; 1.5 × found in {:.0} % with 5 inputs, {:.0} % with 8",
            false_alarms * 100.0,
            five * 100.0,
            eight * 100.0
        );
        assert!(false_alarms <= most && five >= least && eight > five, "{name}: {false_alarms} {five} {eight}");
    }
}
