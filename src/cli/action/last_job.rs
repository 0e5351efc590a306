//! The last job of a matrix: it closes the check runs that other jobs left open, and completes the comment.

use crate::cli::action::step::{ActionStep, SUMMARY_BYTES};
use crate::clients::github::{GitHub, GitHubError};
use crate::config::CommentMode;
use crate::deliver::github::{Standing, finish, refresh_comment};
use crate::deliver::{Target, Undelivered};
use crate::domain::verdict::Verdict;
use crate::report::github as rendering;
use crate::support::clock::{Clock, SystemClock};

impl ActionStep {
    /// Closes what other jobs left open, and reports how all models stand. The verdict is the most severe of all models.
    ///
    /// # Errors
    /// When GitHub does not say how the models stand. What cannot be written is a warning.
    pub(in crate::cli) async fn finish(
        &self,
        github: &dyn GitHub,
        expected: &[String],
        mode: CommentMode,
    ) -> Result<Verdict, GitHubError> {
        let event = self.event();
        let Some(head) = self.head(&event) else {
            return Err(GitHubError::Settings { problem: "GITHUB_SHA is not set".to_owned() });
        };
        let finished = finish(github, &head, expected, SystemClock.now()).await?;
        for model in &finished.closed {
            self.printer().warn(format!("the job of {model} left no result"), None);
        }
        finished.undelivered.iter().for_each(|undelivered| self.warn(undelivered));
        let Standing { rows, verdict } = finished.standing?;
        let mut undelivered = Vec::new();
        let comment = rendering::comment_markdown(&rows, &head.sha, head.run_id, SUMMARY_BYTES);
        undelivered.extend(self.add_summary(&comment).err());
        undelivered.extend(self.set_output("verdict", verdict.as_str()).err());
        if let (Some(number), CommentMode::Update) = (event.pull_request, mode) {
            let refreshed = refresh_comment(github, number, &head.sha, head.run_id, true).await;
            undelivered.extend(refreshed.err().map(|error| Undelivered::at_github(Target::Comment, &error)));
        }
        undelivered.iter().for_each(|undelivered| self.warn(undelivered));
        Ok(verdict)
    }
}
