//! `jq_query`: a jq program over the output yields at least one result, and all results are true.

use cog_findings::text::{count, shorten};
use serde_json::Value;

use super::{Check, CheckResult, output_of, quote};
use crate::verify::jq;
use crate::verify::observation::Observation;

/// Every result of this program is neither `false` nor `null`, and there is at least one: true by jq's own rules, for all results.
/// cog-safe-push differs: `docs/reference/cog-safe-push.md#jq-queries`.
///
/// A text that parses as JSON is queried as JSON, as in cog-safe-push. Any other text is queried as text, which cog-safe-push rejects.
pub(super) struct JqQuery(pub(super) String);

impl Check for JqQuery {
    fn check(&self, seen: &Observation) -> CheckResult {
        let output = match output_of(seen) {
            Ok(output) => output,
            Err(result) => return result,
        };
        let parsed = match output {
            Value::String(text) => serde_json::from_str::<Value>(text).ok(),
            _ => None,
        };
        let input = parsed.as_ref().unwrap_or(output);
        let program = shorten(&self.0, 200);
        let failed = |what: String| CheckResult::Failed {
            reason: format!("jq query '{program}' {what}"),
            remarks: vec![format!("applied to {}", quote(input))],
        };
        match jq::results(&self.0, input) {
            Err(error) => failed(format!("failed: {error}")),
            Ok(results) => match results.iter().position(|result| !result.holds) {
                Some(index) if index == 0 => failed(format!("returned {}", results[index].shown)),
                Some(index) => failed(format!("returned {} as result {}", results[index].shown, index + 1)),
                None if results.is_empty() => failed("returned no result".to_owned()),
                None => CheckResult::Passed(vec![format!(
                    "jq query '{program}' returned {}, the last {}",
                    count(results.len(), "result"),
                    results.last().map(|result| result.shown.as_str()).unwrap_or_default()
                )]),
            },
        }
    }
}
