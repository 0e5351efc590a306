//! Passes on what a job prints.

use tokio::sync::mpsc::UnboundedSender;

use super::super::engine::Progress;
use super::logs::{Budget, LogLine};

/// Passes on a job's lines, up to a limit.
pub(super) struct Reporter {
    pub(super) sender: UnboundedSender<Progress>,
    budget: Budget,
    job: Option<String>,
}

impl Reporter {
    pub(super) fn new(sender: UnboundedSender<Progress>) -> Self {
        Self { sender, budget: Budget::default(), job: None }
    }

    pub(super) fn send(&self, progress: Progress) {
        // The outcome matters even if nobody receives progress any more.
        drop(self.sender.send(progress));
    }

    pub(super) fn begin_job(&mut self, id: &str) {
        self.job = Some(id.to_owned());
    }

    pub(super) fn line(&mut self, line: LogLine) {
        let others = line.job.is_some() && line.job != self.job;
        if let Some(text) = Some(line.text).filter(|_| !others).and_then(|text| self.budget.pass(text)) {
            self.send(Progress::Logs(text));
        }
    }

    /// Sends the lines held back, or the logs of the response if the container's output had none.
    pub(super) fn end_job(&mut self, answered: &str) {
        if self.budget.is_untouched() {
            for text in answered.lines() {
                self.line(LogLine { text: format!("{text}\n"), job: None });
            }
        }
        if let Some(rest) = self.budget.rest() {
            self.send(Progress::Logs(rest));
        }
    }
}
