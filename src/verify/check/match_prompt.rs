//! `match_prompt`: the judge approves the output by a description.

use super::{Check, CheckResult, NeededFiles, Needs, output_of};
use crate::verify::by_digest::too_large_to_examine;
use crate::verify::observation::Observation;

/// The output fits this description.
pub(super) struct MatchPrompt(pub(super) String);

impl Check for MatchPrompt {
    fn needs(&self) -> Needs {
        Needs { output_files: NeededFiles::Declared, wanted_url: None }
    }

    fn check(&self, seen: &Observation) -> CheckResult {
        if let Err(result) = output_of(seen) {
            return result;
        }
        for file in seen.files.iter().filter(|file| !file.is_text()) {
            match &file.content {
                Ok(download) if !download.is_kept() => return CheckResult::Unknown(too_large_to_examine(&file.shown, download)),
                Ok(_) => {}
                Err(problem) => {
                    return CheckResult::failed(format!("the file {} could not be fetched: {}", file.shown, problem.message));
                }
            }
        }
        CheckResult::AskJudge(self.0.clone())
    }
}
