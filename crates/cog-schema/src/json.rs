//! JSON values compared by meaning: 10 and 10.0 are the same number (`docs/reference/cog.md#old-and-new-schemas`, row "Numbers").

use std::cmp::Ordering;

use cog_findings::text::shorten;
use serde_json::{Number, Value};

/// Numbers beyond 2^53 must not pass through floating point: seeds go up to 2^64 - 1.
fn as_whole(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
        .or_else(|| number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 1e30).map(|float| float as i128))
}

fn as_float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// Whether a number has no fraction.
pub(super) fn is_whole(number: &Number) -> bool {
    as_whole(number).is_some() || as_float(number).fract() == 0.0
}

/// Which of two numbers is greater.
pub(super) fn compare(left: &Number, right: &Number) -> Ordering {
    match (as_whole(left), as_whole(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => as_float(left).total_cmp(&as_float(right)),
    }
}

/// The smallest whole number that is not below (or, exclusively, above) `number`.
pub(super) fn ceiling(number: &Number, exclusive: bool) -> i128 {
    match as_whole(number) {
        Some(whole) => whole.saturating_add(i128::from(exclusive)),
        None => as_float(number).ceil() as i128,
    }
}

/// The greatest whole number that is not above (or, exclusively, below) `number`.
pub(super) fn floor(number: &Number, exclusive: bool) -> i128 {
    match as_whole(number) {
        Some(whole) => whole.saturating_sub(i128::from(exclusive)),
        None => as_float(number).floor() as i128,
    }
}

/// Whether `value` is a multiple of `step`. Everything is a multiple of a step of zero or less.
pub(super) fn is_multiple(value: &Number, step: &Number) -> bool {
    if as_float(step) <= 0.0 {
        return true;
    }
    match (as_whole(value), as_whole(step)) {
        (Some(value), Some(step)) => value % step == 0,
        _ => {
            let ratio = as_float(value) / as_float(step);
            // 0.3 / 0.1 is not exactly 3.
            !ratio.is_finite() || (ratio - ratio.round()).abs() <= 1e-9 * ratio.abs().max(1.0)
        }
    }
}

/// Whether two values are equal, with numbers compared by value.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare(left, right) == Ordering::Equal,
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len() && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

/// A text that is equal for equal values (see [`same`]), as a key for lookups.
pub(super) fn key(value: &Value) -> String {
    match value {
        Value::Number(number) => show_number(number),
        Value::Array(values) => format!("[{}]", values.iter().map(key).collect::<Vec<_>>().join(",")),
        Value::Object(object) => {
            let mut parts: Vec<String> =
                object.iter().map(|(name, value)| format!("{}:{}", Value::String(name.clone()), key(value))).collect();
            parts.sort_unstable();
            format!("{{{}}}", parts.join(","))
        }
        other => other.to_string(),
    }
}

/// A value for reports: JSON on one line, whole floats without `.0`, cut when long. JSON escapes control characters.
pub(super) fn show(value: &Value) -> String {
    const LIMIT_BYTES: usize = 80;
    match value {
        Value::Number(number) => show_number(number),
        other => shorten(&other.to_string(), LIMIT_BYTES),
    }
}

/// Replaces a value that must not be shown.
pub(super) const MASK: &str = "***";

/// A number for reports; whole floats without `.0`.
pub(super) fn show_number(number: &Number) -> String {
    as_whole(number).map_or_else(|| number.to_string(), |whole| whole.to_string())
}

/// Several values for reports: the first ones, and the number of the others.
pub(super) fn show_list(values: &[Value]) -> String {
    const SHOWN: usize = 8;
    let mut text = values.iter().take(SHOWN).map(show).collect::<Vec<_>>().join(", ");
    if values.len() > SHOWN {
        text.push_str(&format!(" and {} more", values.len() - SHOWN));
    }
    text
}

/// A name from a document, safe and short enough for a line of text.
pub(super) fn show_name(name: &str) -> String {
    let clean: String = name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    shorten(&clean, 100)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn number(value: &Value) -> Number {
        value.as_number().cloned().unwrap()
    }

    #[test]
    fn numbers_are_compared_by_value() {
        assert!(same(&json!({"a": [1, 2.0]}), &json!({"a": [1.0, 2]})));
        assert!(!same(&json!(1), &json!("1")));
        assert_eq!(key(&json!({"a": [1, 2.0], "b": "x"})), key(&json!({"b": "x", "a": [1.0, 2]})));
        assert_ne!(key(&json!(1)), key(&json!("1")));
        assert!(!same(&json!(true), &json!(1)));
    }

    #[test]
    fn neighbors_beyond_the_precision_of_floats_differ() {
        assert_eq!(compare(&number(&json!(u64::MAX)), &number(&json!(u64::MAX - 1))), Ordering::Greater);
    }

    #[test]
    fn multiples_survive_floating_point() {
        assert!(is_multiple(&number(&json!(0.3)), &number(&json!(0.1))));
        assert!(!is_multiple(&number(&json!(0.35)), &number(&json!(0.1))));
        assert!(is_multiple(&number(&json!(24)), &number(&json!(8))));
        assert!(is_multiple(&number(&json!(1)), &number(&json!(0))));
    }

    #[test]
    fn bounds_round_inward() {
        assert_eq!(ceiling(&number(&json!(0.5)), false), 1);
        assert_eq!(ceiling(&number(&json!(1)), true), 2);
        assert_eq!(floor(&number(&json!(1.5)), true), 1);
        assert_eq!(floor(&number(&json!(1.0)), true), 0);
    }

    #[test]
    fn values_are_shown_on_one_short_line() {
        assert_eq!(show(&json!(10.0)), "10");
        assert_eq!(show(&json!("a\nb")), r#""a\nb""#);
        assert_eq!(show_list(&(0..10).map(|n| json!(n)).collect::<Vec<_>>()), "0, 1, 2, 3, 4, 5, 6, 7 and 2 more");
        assert_eq!(show_name("a\u{1b}[31m"), "a\u{fffd}[31m");
    }
}
