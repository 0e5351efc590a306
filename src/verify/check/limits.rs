//! `count`, `max_predict_seconds`, `max_cost` and `first_output_seconds`: numbers that an output has to keep to.

use serde_json::Value;

use super::{Check, CheckResult, NeededFiles, Needs, output_of};
use crate::domain::output_check::NumberRange;
use crate::verify::observation::Observation;

/// Number of items of a list, or of files of any other output.
pub(super) struct Count(pub(super) NumberRange);

impl Check for Count {
    fn needs(&self) -> Needs {
        Needs { output_files: NeededFiles::Declared, wanted_url: None }
    }

    fn check(&self, seen: &Observation) -> CheckResult {
        let output = match output_of(seen) {
            Ok(output) => output,
            Err(result) => return result,
        };
        let (number, what) = match output {
            Value::Array(items) => (items.len(), "items"),
            _ => (seen.files.iter().filter(|file| !file.is_text()).count(), "files"),
        };
        if self.0.has(number as f64) {
            CheckResult::passed()
        } else {
            CheckResult::failed(format!("expected {} {what}, got {number}", self.0))
        }
    }
}

/// A number that a prediction must not exceed.
pub(super) enum AtMost {
    PredictSeconds(f64),
    Cost(f64),
    FirstOutputSeconds(f64),
}

impl Check for AtMost {
    fn check(&self, seen: &Observation) -> CheckResult {
        if let Err(result) = output_of(seen) {
            return result;
        }
        let facts = &seen.run;
        let (number, limit, what, missing) = match self {
            Self::PredictSeconds(limit) => (facts.predict_seconds, *limit, "run time in seconds", "Replicate reported no run time"),
            Self::Cost(limit) => (facts.cost(), *limit, "price in dollars", "the hardware has no public price"),
            Self::FirstOutputSeconds(limit) => {
                (facts.first_output_seconds, *limit, "time to the first output in seconds", "the first output was not seen")
            }
        };
        match number {
            Some(number) if number <= limit => CheckResult::Passed(vec![format!("{what}: {number:.4}")]),
            Some(number) => CheckResult::failed(format!("the {what} is {number:.4}, above {limit}")),
            None => CheckResult::Unknown(format!("the {what} is unknown: {missing}")),
        }
    }
}
