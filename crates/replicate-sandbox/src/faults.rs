//! Faults: failures of the service or the network, on request.

use std::sync::Mutex;
use std::time::Duration;

use http::{Method, StatusCode};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::locks::lock;

/// What happens to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultEffect {
    /// Answers 429 with `retry_after`, without handling the request.
    Throttle {
        /// The wait to ask for, rounded up to whole seconds.
        retry_after: Duration,
    },
    /// Answers 429 as for an account with little credit, which may send one request at a time.
    LowCredit {
        /// The wait to ask for, rounded up to whole seconds.
        retry_after: Duration,
    },
    /// Answers 402.
    InsufficientCredit,
    /// Answers with this status and an HTML page, as a proxy does, without handling the request.
    Status(StatusCode),
    /// Closes the connection before the request is handled.
    DropBefore,
    /// Closes the connection after the request was handled: what it created exists, but the response is lost.
    DropAfter,
    /// Handles the request after this delay.
    Delay(Duration),
    /// Handles the request, and closes the connection after this many bytes of the response's body.
    CutBody(usize),
}

/// A fault and the requests that it affects.
///
/// ```
/// use std::time::Duration;
///
/// use http::Method;
/// use replicate_sandbox::{Fault, FaultEffect};
///
/// // The next two creations of a prediction are throttled.
/// let throttle = FaultEffect::Throttle { retry_after: Duration::from_secs(1) };
/// let fault = Fault::next(2, throttle).exactly(Method::POST, "/v1/predictions");
/// ```
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
    /// Affects the next `count` requests.
    pub fn next(count: usize, effect: FaultEffect) -> Self {
        Self { effect, method: None, path: None, times: Times::Next(count) }
    }

    /// Affects this share of all requests, from 0 to 1. The same seed affects the same requests.
    pub fn ratio(ratio: f64, seed: u64, effect: FaultEffect) -> Self {
        let times = Times::Ratio { ratio: ratio.clamp(0.0, 1.0), generator: Box::new(ChaCha8Rng::seed_from_u64(seed)) };
        Self { effect, method: None, path: None, times }
    }

    /// Limits the fault to requests with this method whose path starts with this prefix.
    #[must_use]
    pub fn on(mut self, method: Method, path_prefix: impl Into<String>) -> Self {
        self.method = Some(method);
        self.path = Some(PathMatch::Prefix(path_prefix.into()));
        self
    }

    /// Limits the fault to requests with this method and exactly this path.
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

/// The faults that have not happened yet.
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

    /// The effect of the first fault that is due for this request.
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
    fn faults_happen_in_order_to_matching_requests() {
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
    fn the_same_seed_affects_the_same_requests() {
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
