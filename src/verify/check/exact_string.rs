//! `exact_string`: the output is this text and no other.

use cog_findings::text::shorten;
use output_compare::short_diff;
use serde_json::Value;

use super::{Check, Judged, output_of, quote};
use crate::verify::Observation;

/// The output is exactly this text, which may be empty: `docs/reference/cog-safe-push.md#empty-expectations`.
pub(super) struct ExactString(pub(super) String);

impl Check for ExactString {
    fn judge(&self, seen: &Observation) -> Judged {
        match output_of(seen) {
            Ok(Value::String(text)) if *text == self.0 => Judged::passed(),
            Ok(Value::String(text)) => Judged::Failed {
                reason: format!("expected '{}', got '{}'", shorten(&self.0, 200), shorten(text, 200)),
                // One line says it all; a diff helps with several, but not with texts of megabytes.
                remarks: if self.0.contains('\n') && text.len() < 100_000 { short_diff(&self.0, text) } else { Vec::new() },
            },
            Ok(other) => Judged::failed(format!("expected a text, got {}", quote(other))),
            Err(judged) => judged,
        }
    }
}
