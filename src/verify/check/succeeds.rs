//! No checker in the configuration: the prediction succeeds with an output.

use super::{Check, CheckResult, output_of};
use crate::verify::observation::Observation;

/// Succeeds with an output.
pub(super) struct Succeeds;

impl Check for Succeeds {
    fn check(&self, seen: &Observation) -> CheckResult {
        match output_of(seen) {
            Ok(_) => CheckResult::passed(),
            Err(result) => result,
        }
    }
}
