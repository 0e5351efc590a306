//! Reads request bodies and headers.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use crate::problem::{FieldError, Problem};

/// The shortest lifetime that `Cancel-After` may set.
const MIN_LIFETIME: Duration = Duration::from_secs(5);
const MAX_WAIT_SECONDS: u64 = 60;

/// Reads a body that must be a JSON object.
pub(super) fn object(body: Result<Bytes, BytesRejection>) -> Result<Map<String, Value>, Problem> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        _ => Problem::BadRequest("The body is incomplete.".to_owned()),
    })?;
    match serde_json::from_slice(&body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Problem::BadRequest("The body is not a JSON object.".to_owned())),
        Err(cause) => Err(Problem::BadRequest(format!("The body is not valid JSON: {cause}"))),
    }
}

/// How long the client wants the response to wait for the result, from `Prefer: wait[=n]`.
pub(super) fn requested_wait(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get("prefer") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let Some(rest) = text.strip_prefix("wait") else {
        // Other preferences may be ignored (RFC 7240).
        return Ok(None);
    };
    let digits = rest.strip_prefix('=');
    match (rest, digits.and_then(|digits| digits.parse::<u64>().ok())) {
        ("", _) => Ok(Some(MAX_WAIT_SECONDS)),
        (_, Some(seconds)) if (1..=MAX_WAIT_SECONDS).contains(&seconds) => Ok(Some(seconds)),
        _ => Err(Problem::Validation(vec![FieldError::new("/prefer", "must be wait or wait=n with n from 1 to 60")])),
    }
}

/// The lifetime from `Cancel-After`: `90`, `5m`, `1h30m45s`.
pub(super) fn lifetime(headers: &HeaderMap) -> Result<Option<Duration>, Problem> {
    let Some(value) = headers.get("cancel-after") else { return Ok(None) };
    let refuse = |detail: &str| Problem::Validation(vec![FieldError::new("/cancel-after", detail)]);
    let lifetime = value
        .to_str()
        .ok()
        .and_then(|text| duration(text.trim()))
        .ok_or_else(|| refuse("must be a duration such as 30s, 5m or 1h30m45s"))?;
    if lifetime < MIN_LIFETIME {
        return Err(refuse("must be at least 5 seconds"));
    }
    Ok(Some(lifetime))
}

fn duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let mut total: u64 = 0;
    let mut digits = String::new();
    for letter in text.chars() {
        let unit = match letter {
            '0'..='9' => {
                digits.push(letter);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(unit)?)?;
        digits.clear();
    }
    (digits.is_empty() && total > 0).then(|| Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_or_count_seconds() {
        let cases = [
            ("90", Some(90)),
            ("5m", Some(300)),
            ("1h30m45s", Some(5445)),
            ("", None),
            ("5", Some(5)),
            ("m", None),
            ("5x", None),
            ("5m3", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(duration(text), seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(duration("99999999999999999999h"), None);
    }

    #[test]
    fn waits_are_from_one_to_sixty_seconds() {
        let ask = |text: &str| {
            let headers = HeaderMap::from_iter([("prefer".parse().unwrap(), text.parse().unwrap())]);
            requested_wait(&headers).ok()
        };
        assert_eq!(requested_wait(&HeaderMap::new()), Ok(None));
        assert_eq!((ask("wait"), ask("wait=5"), ask("respond-async")), (Some(Some(60)), Some(Some(5)), Some(None)));
        assert_eq!((ask("wait=0"), ask("wait=61"), ask("wait=x"), ask("wait5")), (None, None, None, None));
    }
}
