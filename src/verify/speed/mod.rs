//! Whether the new version is slower, boots later, returns larger files or costs more than the live one.
//!
//! Run times are few and noisy, so a slow-down is judged by paired inputs ([`statistics`]) and confirmed by a second batch of predictions,
//! which only runs when the first one is suspicious ([`batches`]). [`sample`] keeps the run times of all predictions; [`findings`] puts the
//! result into words.

mod batches;
mod findings;
mod sample;
#[cfg(test)]
mod simulation;
mod sizes;
mod statistics;

pub(super) use sample::SampleLog;
