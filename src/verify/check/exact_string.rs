//! `exact_string`: the output equals a text.

use cog_findings::text::shorten;
use output_compare::short_diff;
use serde_json::Value;

use super::{Check, CheckResult, output_of, quote};
use crate::verify::observation::Observation;

/// The output is exactly this text, which may be empty: `docs/reference/cog-safe-push.md#empty-expectations`.
pub(super) struct ExactString(pub(super) String);

impl Check for ExactString {
    fn check(&self, seen: &Observation) -> CheckResult {
        match output_of(seen) {
            Ok(Value::String(text)) if *text == self.0 => CheckResult::passed(),
            Ok(Value::String(text)) => CheckResult::Failed {
                reason: format!("expected '{}', got '{}'", shorten(&self.0, 200), shorten(text, 200)),
                // A diff helps with several lines, but not with megabytes.
                remarks: if self.0.contains('\n') && text.len() < 100_000 { short_diff(&self.0, text) } else { Vec::new() },
            },
            Ok(other) => CheckResult::failed(format!("expected a string, got {}", quote(other))),
            Err(result) => result,
        }
    }
}
