//! Several checks at once: all have to pass.

use super::{Check, CheckResult, Needs};
use crate::verify::observation::Observation;

/// All of these checks.
pub(super) struct All(pub(super) Vec<Box<dyn Check>>);

impl Check for All {
    fn needs(&self) -> Needs {
        let mut all = Needs::default();
        for needs in self.0.iter().map(|check| check.needs()) {
            all.output_files = all.output_files.max(needs.output_files);
            all.wanted_url = all.wanted_url.or(needs.wanted_url);
        }
        all
    }

    /// The first failure decides. The judge is asked last, because its answers cost money.
    fn check(&self, seen: &Observation) -> CheckResult {
        let (mut all_remarks, mut descriptions, mut compared) = (Vec::new(), Vec::new(), None);
        for check in &self.0 {
            match check.check(seen) {
                CheckResult::Passed(remarks) => all_remarks.extend(remarks),
                CheckResult::Compared { comparison, remarks } if comparison.same => {
                    all_remarks.extend(remarks);
                    compared = Some(comparison);
                }
                CheckResult::AskJudge(description) => descriptions.push(description),
                failed => return failed,
            }
        }
        match (descriptions.is_empty(), compared) {
            (false, _) => CheckResult::AskJudge(descriptions.join("\n\nIt also fits this description:\n")),
            (true, Some(comparison)) => CheckResult::Compared { comparison, remarks: all_remarks },
            (true, None) => CheckResult::Passed(all_remarks),
        }
    }
}
