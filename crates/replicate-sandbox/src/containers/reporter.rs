//! What a job prints, on its way to whoever asked for it.

use tokio::sync::mpsc::UnboundedSender;

use super::super::engine::Progress;
use super::logs::{Budget, LogLine};

/// Hands a job's lines on, within bounds.
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
        // A caller that no longer listens still wants the outcome.
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

    /// Sends what was held back, or the logs of the answer if the container's output held none.
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
