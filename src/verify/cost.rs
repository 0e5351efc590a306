//! Costs of a verification: predictions, retries, run time.

use std::sync::Mutex;
use std::time::Duration;

use crate::domain::cost::Cost;
use crate::domain::prediction::Prediction;
use crate::support::locks::lock;

/// Adds up costs, and notices when the budget is spent.
#[derive(Debug)]
pub(super) struct Ledger {
    cost: Mutex<Cost>,
    budget: Option<Duration>,
}

impl Ledger {
    pub(super) fn new(max_predict_seconds: Option<u64>) -> Self {
        Self { cost: Mutex::new(Cost::default()), budget: max_predict_seconds.map(Duration::from_secs) }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Cost) -> T) -> T {
        work(&mut lock(&self.cost))
    }

    pub(super) fn count_prediction(&self) {
        self.with(|cost| cost.predictions += 1);
    }

    /// Counts a retry after a platform error.
    pub(super) fn count_platform_retry(&self) {
        self.with(|cost| cost.platform_retries += 1);
    }

    /// Adds run time. Returns used and allowed time if the budget is exceeded.
    pub(super) fn spend(&self, time: Duration) -> Option<(Duration, Duration)> {
        let used = self.with(|cost| {
            cost.predict_seconds += time.as_secs_f64();
            Duration::try_from_secs_f64(cost.predict_seconds).unwrap_or(Duration::MAX)
        });
        self.budget.filter(|budget| used > *budget).map(|budget| (used, budget))
    }

    /// All costs so far.
    pub(super) fn total(&self) -> Cost {
        self.with(|cost| *cost)
    }
}

/// The run time of a finished prediction: the reported one, else by its timestamps.
pub(super) fn run_time(prediction: &Prediction) -> Duration {
    prediction.predict_time.unwrap_or_else(|| match (prediction.started_at, prediction.completed_at) {
        (Some(started), Some(completed)) => (completed - started).to_std().unwrap_or_default(),
        _ => Duration::ZERO,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_exceeded_when_more_is_used_than_allowed() {
        let ledger = Ledger::new(Some(10));
        ledger.count_prediction();
        ledger.count_platform_retry();
        assert_eq!(ledger.spend(Duration::from_secs(10)), None);
        assert_eq!(ledger.spend(Duration::from_secs(1)), Some((Duration::from_secs(11), Duration::from_secs(10))));
        assert_eq!(ledger.total(), Cost { predictions: 1, platform_retries: 1, predict_seconds: 11.0, estimated_usd: None });
        assert_eq!(Ledger::new(None).spend(Duration::MAX), None);
        let ledger = Ledger::new(Some(10));
        ledger.spend(Duration::MAX);
        assert!(ledger.spend(Duration::MAX).is_some(), "more than can be counted is not nothing");
    }
}
