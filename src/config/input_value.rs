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
    let looks_like_a_number = digits.starts_with(|c: char| c.is_ascii_digit());
    // An identifier with leading zeros stays text, because a number would lose them.
    let padded = digits.len() > 1 && digits.starts_with('0') && digits.chars().all(|c| c.is_ascii_digit());
    if !looks_like_a_number || padded {
        return text.into();
    }
    serde_json::from_str::<Value>(text.trim_start_matches('+')).ok().filter(Value::is_number).unwrap_or_else(|| text.into())
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
    Ok(TestCase { inputs: inputs(written)?, expectation, location: None })
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
