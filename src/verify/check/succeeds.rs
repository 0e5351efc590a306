//! No checker: the prediction has to succeed with an output.

use super::{Check, Judged, output_of};
use crate::verify::Observation;

/// Succeeds with an output.
pub(super) struct Succeeds;

impl Check for Succeeds {
    fn judge(&self, seen: &Observation) -> Judged {
        match output_of(seen) {
            Ok(_) => Judged::passed(),
            Err(judged) => judged,
        }
    }
}
