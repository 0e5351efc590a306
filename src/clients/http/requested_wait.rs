//! How long a service asks its clients to wait.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use serde_json::Value;

/// The wait that a 429 or 503 asks for, from the first place that has one: the header `retry-after` (seconds or a date), the body's
/// `retry_after`, the header `ratelimit-reset` (seconds), text in the body's `detail` such as `resets in ~30s`. See
/// `docs/reference/replicate-api.md#how-long-to-wait-after-a-429`. `None` when there is no wait or it is zero; then the caller's
/// own backoff counts.
///
/// The caller caps it, because a service may ask for anything.
pub fn requested_wait(headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Option<Duration> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let body = |name: &str| body.as_ref().and_then(|body| body.get(name));
    header("retry-after")
        .and_then(|text| seconds(text).or_else(|| until(text, now)))
        .or_else(|| match body("retry_after") {
            Some(Value::String(text)) => seconds(text),
            Some(value) => value.as_f64().and_then(duration),
            None => None,
        })
        .or_else(|| header("ratelimit-reset").and_then(seconds))
        .or_else(|| body("detail").and_then(Value::as_str).and_then(in_words))
}

fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|wait| !wait.is_zero())
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().and_then(duration)
}

fn until(date: &str, now: DateTime<Utc>) -> Option<Duration> {
    let date = DateTime::parse_from_rfc2822(date).ok()?;
    (date.to_utc() - now).to_std().ok().filter(|wait| !wait.is_zero())
}

/// The wait in a message such as `Your rate limit resets in ~30s.` or `Expected available in 1 second.`
fn in_words(detail: &str) -> Option<Duration> {
    [" ~", "available in "].into_iter().find_map(|lead| {
        let (_, rest) = detail.split_once(lead)?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
        rest[digits.len()..].trim_start().starts_with('s').then(|| seconds(digits)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use http::HeaderValue;

    use super::*;

    fn wait(headers: &[(&'static str, &str)], body: &str) -> Option<f64> {
        let now = Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap();
        let headers =
            headers.iter().map(|(name, value)| ((*name).parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect();
        requested_wait(&headers, body.as_bytes(), now).map(|wait| wait.as_secs_f64())
    }

    #[test]
    fn the_first_source_with_a_wait_counts() {
        let body = r#"{"detail":"Your rate limit resets in ~5s.","retry_after":7}"#;
        assert_eq!(wait(&[("retry-after", "3"), ("ratelimit-reset", "9")], body), Some(3.0));
        assert_eq!(wait(&[("ratelimit-reset", "9")], body), Some(7.0));
        let without = r#"{"detail":"Your rate limit resets in ~5s."}"#;
        assert_eq!(wait(&[("ratelimit-reset", "9")], without), Some(9.0));
        assert_eq!(wait(&[], without), Some(5.0));
        assert_eq!(wait(&[], "{}"), None);
    }

    #[test]
    fn a_date_means_a_wait_until_then() {
        assert_eq!(wait(&[("retry-after", "Fri, 02 Jan 2026 03:04:35 GMT")], ""), Some(30.0));
        assert_eq!(wait(&[("retry-after", "Fri, 02 Jan 2026 03:04:00 GMT")], ""), None);
    }

    #[test]
    fn all_three_forms_of_the_message_are_read() {
        let detail = |text: &str| wait(&[], &serde_json::json!({ "detail": text }).to_string());
        assert_eq!(detail("Request was throttled. Your rate limit resets in ~30s."), Some(30.0));
        assert_eq!(detail("Request was throttled. Expected available in 1 second."), Some(1.0));
        assert_eq!(
            detail("reduced to 6 requests per minute with a burst of 1 requests. Your rate limit resets in ~5s."),
            Some(5.0)
        );
        assert_eq!(detail("Try ~ some other time"), None);
    }

    #[test]
    fn invalid_and_zero_values_mean_no_wait() {
        for value in ["0", "-3", "soon", "NaN", "1e999"] {
            assert_eq!(wait(&[("retry-after", value)], "<html>"), None, "{value}");
        }
        assert_eq!(wait(&[("retry-after", "0.5")], ""), Some(0.5));
    }
}
