//! Failures on request: what a client meets when the service, or the way to it, has a bad day.

use std::sync::Mutex;
use std::time::Duration;

use http::{Method, StatusCode};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::locks::lock;

/// What happens to a request instead of, before or after its handling.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultEffect {
    /// 429 with `retry_after`, in whole seconds. The request is not handled.
    Throttle {
        /// The wait asked for.
        retry_after: Duration,
    },
    /// 429 as an account with little credit gets it: one request at a time.
    LowCredit {
        /// The wait asked for.
        retry_after: Duration,
    },
    /// 402.
    InsufficientCredit,
    /// Any other status, with a page of text as a proxy sends it. The request is not handled.
    Status(StatusCode),
    /// The connection is closed before the request is handled.
    DropBefore,
    /// The connection is closed after the request was handled: what it created is there, and the answer is lost.
    DropAfter,
    /// The request is handled this much later.
    Delay(Duration),
}

/// A fault, and which requests meet it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    effect: FaultEffect,
    method: Option<Method>,
    path: Option<PathMatch>,
    times: Times,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PathMatch {
    Prefix(String),
    Exact(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Times {
    Next(usize),
    Ratio { ratio: f64, generator: Box<ChaCha8Rng> },
}

impl Fault {
    /// For the next `count` requests.
    pub fn next(count: usize, effect: FaultEffect) -> Self {
        Self { effect, method: None, path: None, times: Times::Next(count) }
    }

    /// For this share of all requests, from 0 to 1. The seed repeats the choice.
    pub fn ratio(ratio: f64, seed: u64, effect: FaultEffect) -> Self {
        let times = Times::Ratio { ratio: ratio.clamp(0.0, 1.0), generator: Box::new(ChaCha8Rng::seed_from_u64(seed)) };
        Self { effect, method: None, path: None, times }
    }

    /// Only requests with this method whose path begins so.
    #[must_use]
    pub fn on(mut self, method: Method, path_prefix: impl Into<String>) -> Self {
        self.method = Some(method);
        self.path = Some(PathMatch::Prefix(path_prefix.into()));
        self
    }

    /// Only requests with this method and exactly this path.
    #[must_use]
    pub fn exactly(mut self, method: Method, path: impl Into<String>) -> Self {
        self.method = Some(method);
        self.path = Some(PathMatch::Exact(path.into()));
        self
    }

    fn meets(&self, method: &Method, path: &str) -> bool {
        let same_path = match &self.path {
            None => true,
            Some(PathMatch::Prefix(prefix)) => path.starts_with(prefix.as_str()),
            Some(PathMatch::Exact(exact)) => path == exact,
        };
        same_path && self.method.as_ref().is_none_or(|own| own == method)
    }

    fn is_due(&mut self) -> bool {
        match &mut self.times {
            Times::Next(0) => false,
            Times::Next(count) => {
                *count -= 1;
                true
            }
            Times::Ratio { ratio, generator } => generator.random::<f64>() < *ratio,
        }
    }
}

/// The faults that are still to happen.
#[derive(Debug, Default)]
pub(super) struct Faults {
    waiting: Mutex<Vec<Fault>>,
}

impl Faults {
    pub(super) fn add(&self, fault: Fault) {
        lock(&self.waiting).push(fault);
    }

    pub(super) fn clear(&self) {
        lock(&self.waiting).clear();
    }

    /// What happens to this request: the effect of the first fault that is due.
    pub(super) fn take(&self, method: &Method, path: &str) -> Option<FaultEffect> {
        let mut waiting = lock(&self.waiting);
        let mut meeting = waiting.iter_mut().filter(|fault| fault.meets(method, path));
        let effect = meeting.find_map(|fault| fault.is_due().then(|| fault.effect.clone()))?;
        waiting.retain(|fault| fault.times != Times::Next(0));
        Some(effect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_happen_in_order_to_the_requests_they_are_for() {
        let faults = Faults::default();
        faults.add(Fault::next(1, FaultEffect::DropBefore).on(Method::POST, "/v1/predictions"));
        faults.add(Fault::next(2, FaultEffect::InsufficientCredit).exactly(Method::POST, "/v1/predictions"));
        let take = |method: Method, path: &str| faults.take(&method, path);
        assert_eq!(take(Method::GET, "/v1/predictions"), None);
        assert_eq!(take(Method::POST, "/v1/predictions/a/cancel"), Some(FaultEffect::DropBefore));
        assert_eq!(take(Method::POST, "/v1/predictions/a/cancel"), None);
        assert_eq!(take(Method::POST, "/v1/predictions"), Some(FaultEffect::InsufficientCredit));
        assert_eq!(take(Method::POST, "/v1/predictions"), Some(FaultEffect::InsufficientCredit));
        assert_eq!(take(Method::POST, "/v1/predictions"), None);
    }

    #[test]
    fn a_seed_repeats_a_ratio() {
        let draw = |seed: u64| {
            let faults = Faults::default();
            faults.add(Fault::ratio(0.3, seed, FaultEffect::DropAfter));
            (0..200).map(|_| faults.take(&Method::GET, "/").is_some()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let count = draw(1).into_iter().filter(|met| *met).count();
        assert!((30..=90).contains(&count), "{count}");
    }
}
