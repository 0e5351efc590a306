//! Rate limits: requests per minute, counted in fixed windows.

use std::sync::Mutex;
use std::time::Duration;

use http::Method;
use tokio::time::Instant;

use super::locks::lock;
use super::options::RateLimits;

const WINDOW: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bucket {
    CreatePrediction,
    GetPrediction,
    Other,
}

impl Bucket {
    fn of(method: &Method, path: &str) -> Self {
        let rest = path.strip_prefix("/v1/").unwrap_or(path).trim_end_matches('/');
        if method == Method::POST && (rest == "predictions" || rest.ends_with("/predictions")) {
            Self::CreatePrediction
        } else if method == Method::GET && rest.strip_prefix("predictions/").is_some_and(|id| !id.contains('/')) {
            Self::GetPrediction
        } else {
            Self::Other
        }
    }
}

/// How much of its limit a request leaves: the values of the two `ratelimit-` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    /// Whether the request may pass.
    pub(super) passes: bool,
    /// Requests left in this window.
    pub(super) remaining: u32,
    /// Seconds until the next window, at least 1.
    pub(super) reset: u64,
}

#[derive(Debug)]
struct Window {
    bucket: Bucket,
    limit: u32,
    used: u32,
    began: Option<Instant>,
}

/// The counters.
#[derive(Debug)]
pub(super) struct RateLimiter {
    windows: Mutex<[Window; 3]>,
}

impl RateLimiter {
    pub(super) fn new(limits: RateLimits) -> Self {
        let window = |bucket, limit| Window { bucket, limit, used: 0, began: None };
        Self {
            windows: Mutex::new([
                window(Bucket::CreatePrediction, limits.create_prediction),
                window(Bucket::GetPrediction, limits.get_prediction),
                window(Bucket::Other, limits.other),
            ]),
        }
    }

    pub(super) fn count(&self, method: &Method, path: &str, now: Instant) -> Allowance {
        let bucket = Bucket::of(method, path);
        let mut windows = lock(&self.windows);
        let [first, second, third] = &mut *windows;
        let window = [first, second].into_iter().find(|window| window.bucket == bucket).unwrap_or(third);
        let began = match window.began {
            Some(began) if now.saturating_duration_since(began) < WINDOW => began,
            _ => {
                window.used = 0;
                window.began = Some(now);
                now
            }
        };
        let passes = window.used < window.limit;
        window.used += u32::from(passes);
        let left = WINDOW.saturating_sub(now.saturating_duration_since(began));
        Allowance { passes, remaining: window.limit - window.used, reset: (left.as_secs_f64().ceil() as u64).max(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_has_its_own_bucket() {
        let cases = [
            (Method::POST, "/v1/predictions", Bucket::CreatePrediction),
            (Method::POST, "/v1/models/a/b/predictions", Bucket::CreatePrediction),
            (Method::POST, "/v1/deployments/a/b/predictions", Bucket::CreatePrediction),
            (Method::GET, "/v1/predictions/abc", Bucket::GetPrediction),
            (Method::GET, "/v1/predictions", Bucket::Other),
            (Method::POST, "/v1/predictions/abc/cancel", Bucket::Other),
            (Method::GET, "/v1/account", Bucket::Other),
        ];
        for (method, path, bucket) in cases {
            assert_eq!(Bucket::of(&method, path), bucket, "{method} {path}");
        }
    }

    #[test]
    fn a_full_window_is_followed_by_an_empty_one() {
        let limiter = RateLimiter::new(RateLimits { create_prediction: 2, ..RateLimits::default() });
        let start = Instant::now();
        let ask = |seconds: u64| limiter.count(&Method::POST, "/v1/predictions", start + Duration::from_secs(seconds));
        assert_eq!(ask(0), Allowance { passes: true, remaining: 1, reset: 60 });
        assert_eq!(ask(10), Allowance { passes: true, remaining: 0, reset: 50 });
        assert_eq!(ask(59), Allowance { passes: false, remaining: 0, reset: 1 });
        assert_eq!(ask(60), Allowance { passes: true, remaining: 1, reset: 60 });
    }
}
