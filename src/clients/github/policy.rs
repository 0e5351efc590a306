//! Retries and rate limits: `docs/reference/github-actions.md#rate-limits`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};

use crate::clients::github::pace::WRITES_PER_MINUTE;
use crate::support::retry::RetryPolicy;

/// When to repeat requests, and after how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WritePolicy {
    pub retries: RetryPolicy,
    /// The wait after a secondary rate limit that does not specify one.
    pub secondary_wait: Duration,
    /// How many requests that create content may be sent each minute.
    pub writes_per_minute: usize,
}

impl Default for WritePolicy {
    fn default() -> Self {
        Self {
            retries: RetryPolicy { retries: 6, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(90) },
            secondary_wait: Duration::from_secs(60),
            writes_per_minute: WRITES_PER_MINUTE,
        }
    }
}

impl WritePolicy {
    /// The policy of one of several jobs that run at the same time: each takes its share.
    pub fn shared(jobs: u64) -> Self {
        let jobs = usize::try_from(jobs.max(1)).unwrap_or(usize::MAX);
        Self { writes_per_minute: (WRITES_PER_MINUTE / jobs).max(1), ..Self::default() }
    }
}

/// What to do after a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advice {
    /// Use it: the request succeeded.
    Done,
    /// Repeat the request after this wait: it was not executed.
    Limited(Duration),
    /// The service failed: the request may or may not have been executed.
    Failed,
    /// Give up: the request was rejected.
    Final,
}

impl WritePolicy {
    /// Classifies a response. A 403 is a rate limit if it says so, and otherwise a missing permission.
    pub(super) fn advice(&self, status: StatusCode, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Advice {
        if status.is_success() {
            return Advice::Done;
        }
        if status.is_server_error() {
            return Advice::Failed;
        }
        if status != StatusCode::FORBIDDEN && status != StatusCode::TOO_MANY_REQUESTS {
            return Advice::Final;
        }
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        if let Some(seconds) = number("retry-after") {
            return Advice::Limited(Duration::from_secs(seconds));
        }
        if number("x-ratelimit-remaining") == Some(0) {
            let reset = number("x-ratelimit-reset").and_then(|reset| i64::try_from(reset).ok());
            let wait = reset.and_then(|reset| DateTime::from_timestamp(reset, 0)).and_then(|reset| (reset - now).to_std().ok());
            return Advice::Limited(wait.unwrap_or(self.secondary_wait));
        }
        let text = String::from_utf8_lossy(body).to_lowercase();
        if status == StatusCode::TOO_MANY_REQUESTS || text.contains("secondary rate limit") || text.contains("abuse detection") {
            return Advice::Limited(self.secondary_wait);
        }
        Advice::Final
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use http::HeaderValue;

    use super::*;

    fn advice(status: u16, headers: &[(&'static str, &str)], body: &str) -> Advice {
        let now = Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap();
        let headers =
            headers.iter().map(|(name, value)| ((*name).parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect();
        WritePolicy::default().advice(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes(), now)
    }

    #[test]
    fn a_rate_limit_is_distinguished_from_a_missing_permission() {
        let in_30_s = (Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 35).unwrap()).timestamp().to_string();
        for (status, headers, body, expected) in [
            (200, vec![], "", Advice::Done),
            (502, vec![], "", Advice::Failed),
            (404, vec![], "", Advice::Final),
            (403, vec![], "Resource not accessible by integration", Advice::Final),
            (403, vec![("retry-after", "7")], "", Advice::Limited(Duration::from_secs(7))),
            (403, vec![], "You have exceeded a secondary rate limit.", Advice::Limited(Duration::from_secs(60))),
            (429, vec![], "", Advice::Limited(Duration::from_secs(60))),
            (
                403,
                vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", in_30_s.as_str())],
                "",
                Advice::Limited(Duration::from_secs(30)),
            ),
            (403, vec![("x-ratelimit-remaining", "12")], "Resource not accessible", Advice::Final),
        ] {
            assert_eq!(advice(status, &headers, body), expected, "{status} {body}");
        }
    }
}
