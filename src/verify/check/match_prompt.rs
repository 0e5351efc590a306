//! `match_prompt`: the judge approves the output by a description.

use super::{Check, CheckResult, Needs, output_of};
use crate::verify::observation::Observation;

/// The output fits this description.
pub(super) struct MatchPrompt(pub(super) String);

impl Check for MatchPrompt {
    fn needs(&self) -> Needs {
        Needs { output_files: true, wanted_url: None }
    }

    fn check(&self, seen: &Observation) -> CheckResult {
        if let Err(result) = output_of(seen) {
            return result;
        }
        match seen.files.iter().find_map(|file| file.media().err()) {
            Some(problem) => CheckResult::failed(problem),
            None => CheckResult::AskJudge(self.0.clone()),
        }
    }
}
