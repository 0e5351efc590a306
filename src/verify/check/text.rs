//! `contains`, `regex` and `json_schema`: what an output says.

use cog_findings::text::shorten;
use regex::Regex;
use serde_json::Value;

use super::{Check, CheckResult, output_of, quote};
use crate::verify::observation::Observation;

/// Differences from a schema that are named.
const PROBLEMS: usize = 3;

/// The output as text: what it says, or its JSON.
fn text_of(output: &Value) -> String {
    match output {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) struct Contains(pub(super) String);

impl Check for Contains {
    fn check(&self, seen: &Observation) -> CheckResult {
        match output_of(seen) {
            Ok(output) if text_of(output).contains(&self.0) => CheckResult::passed(),
            Ok(output) => {
                CheckResult::failed(format!("expected an output that contains '{}', got {}", shorten(&self.0, 200), quote(output)))
            }
            Err(result) => result,
        }
    }
}

/// The expression was compiled when the configuration was read.
pub(super) struct Matches(pub(super) String);

impl Check for Matches {
    fn check(&self, seen: &Observation) -> CheckResult {
        let output = match output_of(seen) {
            Ok(output) => output,
            Err(result) => return result,
        };
        match Regex::new(&self.0) {
            Ok(regex) if regex.is_match(&text_of(output)) => CheckResult::passed(),
            Ok(_) => {
                CheckResult::failed(format!("expected an output that matches '{}', got {}", shorten(&self.0, 200), quote(output)))
            }
            Err(error) => CheckResult::failed(format!("'{}' is not a regular expression: {error}", shorten(&self.0, 200))),
        }
    }
}

pub(super) struct FitsSchema(pub(super) Value);

impl Check for FitsSchema {
    /// A text that is JSON counts as what it holds, as for jq queries.
    fn check(&self, seen: &Observation) -> CheckResult {
        let output = match output_of(seen) {
            Ok(output) => output,
            Err(result) => return result,
        };
        let wants_text = self.0.get("type").and_then(Value::as_str) == Some("string");
        let parsed = match output {
            Value::String(text) if !wants_text => serde_json::from_str::<Value>(text).ok(),
            _ => None,
        };
        let value = parsed.as_ref().unwrap_or(output);
        let validator = match jsonschema::validator_for(&self.0) {
            Ok(validator) => validator,
            Err(error) => return CheckResult::failed(format!("json_schema is not a JSON Schema: {error}")),
        };
        let problem = |error: jsonschema::ValidationError<'_>| {
            let path = error.instance_path().to_string();
            shorten(&format!("output{path}: {error}"), 300)
        };
        let problems: Vec<String> = validator.iter_errors(value).take(PROBLEMS).map(problem).collect();
        if problems.is_empty() {
            CheckResult::passed()
        } else {
            CheckResult::failed(format!("the output does not fit json_schema: {}", problems.join("; ")))
        }
    }
}
