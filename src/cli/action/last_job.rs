//! The last job of a workflow: it closes the check runs that other jobs left open, and completes the comment.

use crate::cli::action::step::{ActionStep, OUTPUT_BYTES, SUMMARY_BYTES};
use crate::clients::github::GitHub;
use crate::config::CommentMode;
use crate::deliver::github::{CommentKnowledge, Finished, JobResult, finish, refresh_comment};
use crate::deliver::{DeliveryTarget, Undelivered};
use crate::domain::verdict::Verdict;
use crate::report::github::comment_markdown;
use crate::report::notes::notes_json;
use crate::support::clock::{Clock, SystemClock};

impl ActionStep {
    /// Closes what other jobs left open, and reports the state of all models. What GitHub refuses is a warning.
    ///
    /// Returns the most severe verdict of all models; `None` if it is unknown how they ended.
    pub(in crate::cli) async fn finish(
        &self,
        github: Option<&dyn GitHub>,
        expected: &[String],
        jobs: JobResult,
        mode: CommentMode,
    ) -> Option<Verdict> {
        let event = self.event();
        let (Some(job), Some(frame)) = (self.job(&event), self.frame(&event)) else { return None };
        let github = github.filter(|_| event.may_write());
        let Finished { overview, is_alone, versions, notes, verdict, silent, mut undelivered } =
            finish(github, &job, expected, jobs, SystemClock.now()).await;
        for model in &silent {
            self.printer().warn(format!("the job of {model} left no result"), None);
        }
        let summary = match verdict {
            Some(verdict) if overview.state.rows.is_empty() && verdict != Verdict::Passed => {
                format!(
                    "## safe-push: {verdict}\n\nThe jobs of this workflow run left no check runs. Their summaries say how the models did.\n"
                )
            }
            _ => comment_markdown(&overview.state, &frame, SUMMARY_BYTES),
        };
        undelivered.extend(self.add_summary(&summary).err());
        undelivered.extend(verdict.and_then(|verdict| self.set_output("verdict", verdict.as_str()).err()));
        undelivered.extend(self.set_output("published", &(!versions.is_empty()).to_string()).err());
        undelivered.extend(self.set_output("versions", &serde_json::json!(versions).to_string()).err());
        undelivered.extend(self.set_output("notes", &notes_json(&notes, OUTPUT_BYTES)).err());
        if let (Some(github), Some(number), CommentMode::Update) = (github, event.pull_request, mode) {
            let known = if is_alone { CommentKnowledge::All(overview) } else { CommentKnowledge::SoFar(overview, Vec::new()) };
            let refreshed = refresh_comment(github, number, &frame, known).await;
            undelivered.extend(refreshed.err().map(|error| Undelivered::at_github(DeliveryTarget::Comment, &error)));
        }
        undelivered.iter().for_each(|undelivered| self.warn(undelivered));
        verdict
    }
}
