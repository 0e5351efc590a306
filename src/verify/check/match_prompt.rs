//! `match_prompt`: a judge has to find that the output fits a description.

use super::{Check, Judged, Needs, output_of};
use crate::verify::Observation;

/// The output fits this description.
pub(super) struct MatchPrompt(pub(super) String);

impl Check for MatchPrompt {
    fn needs(&self) -> Needs {
        Needs { output_files: true, wanted_url: None }
    }

    fn judge(&self, seen: &Observation) -> Judged {
        if let Err(judged) = output_of(seen) {
            return judged;
        }
        match seen.files.iter().find_map(|file| file.media().err()) {
            Some(problem) => Judged::failed(problem),
            None => Judged::AskJudge(self.0.clone()),
        }
    }
}
