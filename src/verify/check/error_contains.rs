//! `error_contains`: the prediction fails with an error that contains a text.

use cog_findings::text::shorten;

use super::{Check, CheckResult, quote};
use crate::verify::observation::{Observation, PredictionOutcome};

/// The prediction fails with an error that contains this text. Rejected inputs count too:
/// `docs/reference/cog-safe-push.md#expected-input-errors`.
pub(super) struct ErrorContains(pub(super) String);

impl Check for ErrorContains {
    fn check(&self, seen: &Observation) -> CheckResult {
        let error = match &seen.outcome {
            PredictionOutcome::Succeeded => {
                let output = seen.output.as_ref().map(quote).unwrap_or_else(|| "no output".to_owned());
                return CheckResult::failed(format!(
                    "expected an error that contains '{}', but the {} succeeded with {output}",
                    shorten(&self.0, 200),
                    seen.noun()
                ));
            }
            PredictionOutcome::Failed(error) | PredictionOutcome::Refused(error) => error,
        };
        if error.contains(&self.0) {
            return CheckResult::passed();
        }
        CheckResult::failed(format!("expected an error that contains '{}', got '{}'", shorten(&self.0, 200), shorten(error, 500)))
    }
}
