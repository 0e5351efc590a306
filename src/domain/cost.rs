//! The cost of a run: predictions, seconds of hardware, an estimate in dollars.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// The cost of predictions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Predictions (and trainings) created.
    pub predictions: u64,
    /// Those of them that were repeated after a platform error.
    pub platform_retries: u64,
    /// Seconds of run time as reported by `metrics.predict_time`.
    pub predict_seconds: f64,
    /// An estimate from public prices, without set-up time; `None` if the hardware's price is unknown.
    pub estimated_usd: Option<f64>,
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.predictions += other.predictions;
        self.platform_retries += other.platform_retries;
        self.predict_seconds += other.predict_seconds;
        self.estimated_usd = match (self.estimated_usd, other.estimated_usd) {
            (Some(left), Some(right)) => Some(left + right),
            (one, None) | (None, one) => one,
        };
    }
}

/// US dollars per second for a hardware SKU with a public price: `docs/reference/replicate-api.md#prices`.
pub fn usd_per_second(hardware: &str) -> Option<f64> {
    Some(match hardware {
        "cpu-small" => 0.000_025,
        "cpu" => 0.000_1,
        "gpu-t4" => 0.000_225,
        "gpu-l40s" => 0.000_975,
        "gpu-a100-large" => 0.001_4,
        "gpu-h100" => 0.001_525,
        _ => return None,
    })
}
