//! When the first piece of an output was there, as far as polling shows it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::prediction::{Prediction, PredictionId};
use crate::support::locks::lock;

/// Times from the start of a prediction to its first output.
#[derive(Debug, Default)]
pub(super) struct FirstOutputs(Mutex<HashMap<PredictionId, Times>>);

#[derive(Debug, Clone, Copy, Default)]
struct Times {
    started: Option<Instant>,
    first_output: Option<Instant>,
}

impl FirstOutputs {
    /// Notes a state of a prediction.
    pub(super) fn note(&self, prediction: &Prediction, now: Instant) {
        let has_output = prediction.output.as_ref().is_some_and(|output| {
            !output.is_null()
                && output.as_array().is_none_or(|pieces| !pieces.is_empty())
                && output.as_str().is_none_or(|text| !text.is_empty())
        });
        let mut all = lock(&self.0);
        let times = all.entry(prediction.id.clone()).or_default();
        if prediction.started_at.is_some() || has_output {
            times.started.get_or_insert(now);
        }
        if has_output {
            times.first_output.get_or_insert(now);
        }
    }

    /// The time between the start and the first output. At most as long as it really was, but for the time between two polls.
    pub(super) fn of(&self, id: &PredictionId) -> Option<Duration> {
        let all = lock(&self.0);
        let times = all.get(id)?;
        Some(times.first_output?.saturating_duration_since(times.started?))
    }
}
