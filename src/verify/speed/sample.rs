//! The run times of all predictions of a verification.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::statistics::Pair;
use crate::domain::case::CaseId;
use crate::domain::prediction::{Prediction, PredictionStatus};
use crate::support::locks::lock;
use crate::verify::side::Side;

/// A prediction that waited longer than this probably booted an instance, and is slower than the next ones.
const WARM: Duration = Duration::from_secs(5);

/// One prediction.
#[derive(Debug, Clone)]
struct Sample {
    case: CaseId,
    side: Side,
    created: Instant,
    /// From creation to start, as the service says.
    waited: Duration,
    run_time: Duration,
}

impl Sample {
    fn of(case: &CaseId, side: Side, created: Instant, prediction: &Prediction) -> Option<Self> {
        Some(Self {
            case: case.clone(),
            side,
            created,
            waited: waited(prediction).unwrap_or_default(),
            run_time: run_time_of(prediction)?,
        })
    }
}

/// The run time of a prediction that succeeded.
pub(super) fn run_time_of(prediction: &Prediction) -> Option<Duration> {
    prediction.predict_time.filter(|_| prediction.status == PredictionStatus::Succeeded)
}

/// Whether a prediction probably booted its instance.
pub(super) fn is_cold(prediction: &Prediction) -> bool {
    waited(prediction).is_some_and(|waited| waited > WARM)
}

fn waited(prediction: &Prediction) -> Option<Duration> {
    (prediction.started_at? - prediction.created_at?).to_std().ok()
}

/// Everything that succeeded so far.
#[derive(Debug, Default)]
pub(in crate::verify) struct SampleLog(Mutex<Vec<Sample>>);

/// The first round of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum FirstRound {
    Warm(Pair),
    /// One of the two predictions followed a boot.
    Cold,
    /// One of the two versions has no run time.
    Missing,
}

impl SampleLog {
    pub(in crate::verify) fn record(&self, case: &CaseId, side: Side, created: Instant, prediction: &Prediction) {
        if let Some(sample) = Sample::of(case, side, created, prediction) {
            lock(&self.0).push(sample);
        }
    }

    fn all(&self) -> Vec<Sample> {
        lock(&self.0).clone()
    }

    /// The run times of a comparison's first round.
    pub(super) fn first_round(&self, case: &CaseId) -> FirstRound {
        let all = self.all();
        let first = |side| {
            let sample =
                all.iter().filter(|sample| sample.case == *case && sample.side == side).min_by_key(|sample| sample.created)?;
            let opened = all.iter().filter(|other| other.side == side).map(|other| other.created).min();
            Some((sample.run_time.as_secs_f64(), sample.waited > WARM || opened == Some(sample.created)))
        };
        match (first(Side::Live), first(Side::Staged)) {
            (Some((live, false)), Some((staged, false))) => FirstRound::Warm(Pair { live, staged }),
            (Some(_), Some(_)) => FirstRound::Cold,
            _ => FirstRound::Missing,
        }
    }

    /// The run times of every input that both versions answered.
    pub(super) fn pairs(&self) -> Vec<Pair> {
        let all = self.all();
        let time = |case: &CaseId, side| {
            let of_case = all.iter().filter(|sample| sample.case == *case && sample.side == side);
            of_case.min_by_key(|sample| sample.created).map(|sample| sample.run_time.as_secs_f64())
        };
        let live = all.iter().filter(|sample| sample.side == Side::Live).map(|sample| &sample.case);
        let cases: std::collections::BTreeSet<&CaseId> = live.collect();
        cases
            .into_iter()
            .filter_map(|case| Some(Pair { live: time(case, Side::Live)?, staged: time(case, Side::Staged)? }))
            .collect()
    }

    /// How long the first prediction of a side waited for its start.
    pub(super) fn boot(&self, side: Side) -> Option<Duration> {
        self.all().iter().filter(|sample| sample.side == side).min_by_key(|sample| sample.created).map(|sample| sample.waited)
    }

    /// Whether the first prediction of a side had to boot an instance.
    pub(super) fn booted(&self, side: Side) -> bool {
        self.boot(side).is_some_and(|waited| waited > WARM)
    }
}
