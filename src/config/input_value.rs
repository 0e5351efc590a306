//! Inputs and test cases as flags write them: `docs/reference/cog-safe-push.md#configuration-and-command-line`.
//!
//! Read as cog-safe-push does: the first `==` or `~=` starts the checker, so an input that contains one goes in a file. Unlike there,
//! nothing is lost: `00123` stays a text, and so does `nan`.

use serde_json::{Map, Value};

use crate::domain::case::{Expectation, TestCase};
use crate::domain::prediction::Inputs;

/// Reads `key=value;key=value`.
pub(super) fn inputs(text: &str) -> Result<Inputs, String> {
    let mut inputs = Map::new();
    for pair in text.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("'{pair}' is not key=value"))?;
        inputs.insert(key.trim().to_owned(), value_of(value.trim()));
    }
    Ok(inputs)
}

/// A word as the value that it looks like.
fn value_of(text: &str) -> Value {
    match text.to_ascii_lowercase().as_str() {
        "true" => return true.into(),
        "false" => return false.into(),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let looks_like_a_number = digits.trim_start_matches('.').starts_with(|c: char| c.is_ascii_digit());
    // An identifier with leading zeros stays text, because a number would lose them.
    let padded = digits.len() > 1 && digits.starts_with('0') && digits.chars().all(|c| c.is_ascii_digit());
    if !looks_like_a_number || padded {
        return text.into();
    }
    number(text.trim_start_matches('+')).unwrap_or_else(|| text.into())
}

/// A number as Python reads it: `1_000`, `.5` and `1.` are numbers.
fn number(text: &str) -> Option<Value> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let is_joined = |(at, _): (usize, &str)| {
        let beside = |index: Option<usize>| index.and_then(|index| digits.as_bytes().get(index)).is_some_and(u8::is_ascii_digit);
        beside(at.checked_sub(1)) && beside(at.checked_add(1))
    };
    if !digits.match_indices('_').all(is_joined) {
        return None;
    }
    let plain = digits.replace('_', "");
    let (whole, fraction) = plain.split_once('.').map_or((plain.as_str(), None), |(whole, fraction)| (whole, Some(fraction)));
    let whole = if whole.is_empty() { "0" } else { whole };
    let written = match fraction {
        None => format!("{sign}{whole}"),
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => format!("{sign}{whole}.{fraction}"),
        // `1.` and `1.e5`
        Some(fraction) => format!("{sign}{whole}.0{fraction}"),
    };
    serde_json::from_str::<Value>(&written).ok().filter(Value::is_number)
}

/// Reads a test case: inputs, and at most one checker behind them.
pub(super) fn test_case(text: &str) -> Result<TestCase, String> {
    let (written, expectation) = match split_checker(text) {
        Some((written, "==", wanted)) if wanted.starts_with("http://") || wanted.starts_with("https://") => {
            (written, Expectation::MatchUrl(wanted.to_owned()))
        }
        Some((written, "==", wanted)) => (written, Expectation::ExactString(wanted.to_owned())),
        Some((written, _, wanted)) => (written, Expectation::MatchPrompt(wanted.to_owned())),
        None => (text, Expectation::Succeeds),
    };
    Ok(TestCase { inputs: inputs(written)?, expectation, ..TestCase::default() })
}

/// The first operator; any text may follow it.
fn split_checker(text: &str) -> Option<(&str, &'static str, &str)> {
    let exact = text.find("==").map(|at| (at, "=="));
    let prompt = text.find("~=").map(|at| (at, "~="));
    let (at, operator) = [exact, prompt].into_iter().flatten().min_by_key(|(at, _)| *at)?;
    Some((&text[..at], operator, &text[at + 2..]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_become_what_they_look_like() {
        for (text, value) in [
            ("true", json!(true)),
            ("False", json!(false)),
            ("12", json!(12)),
            ("-3", json!(-3)),
            ("0.5", json!(0.5)),
            ("1e3", json!(1000.0)),
            ("00123", json!("00123")),
            ("nan", json!("nan")),
            ("inf", json!("inf")),
            ("12 apples", json!("12 apples")),
            ("", json!("")),
            ("0", json!(0)),
            (".5", json!(0.5)),
            ("-.5", json!(-0.5)),
            ("1.", json!(1.0)),
            ("1.e2", json!(100.0)),
            ("1_000", json!(1000)),
            ("1__000", json!("1__000")),
            ("_1", json!("_1")),
            ("+7", json!(7)),
            ("...", json!("...")),
            ("1.2.3", json!("1.2.3")),
        ] {
            assert_eq!(value_of(text), value, "{text}");
        }
    }

    #[test]
    fn a_test_case_has_at_most_one_checker() {
        let read = |text: &str| test_case(text).unwrap();
        assert_eq!(read("a=1;b=x").expectation, Expectation::Succeeds);
        assert_eq!(read("a=1==yes").expectation, Expectation::ExactString("yes".to_owned()));
        assert_eq!(read("a=1==").expectation, Expectation::ExactString(String::new()));
        assert_eq!(read("a=1==https://x/y.png").expectation, Expectation::MatchUrl("https://x/y.png".to_owned()));
        assert_eq!(read("a=1~=a cat == a dog").expectation, Expectation::MatchPrompt("a cat == a dog".to_owned()));
        assert_eq!(read("a=1; b = two words ").inputs, *json!({ "a": 1, "b": "two words" }).as_object().unwrap());
        assert_eq!(read("").inputs.len(), 0);
        assert_eq!(test_case("a").unwrap_err(), "'a' is not key=value");
    }
}
