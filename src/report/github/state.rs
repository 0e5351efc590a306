//! The state of all models of a workflow run, from which its comment is made.

use cog_findings::text::count;

use crate::domain::verdict::Verdict;
use crate::report::github::row::Row;

/// How a job without a result ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnd {
    /// Its model passed, and its result was not delivered.
    Passed,
    /// It was canceled.
    Cancelled,
    /// It crashed, or ended before safe-push ran.
    Crashed,
}

/// The progress of a model.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckState {
    /// Its job has not finished.
    Running,
    /// Its job has finished, and left no result.
    WithoutResult(JobEnd),
    Result(Box<Row>),
}

/// A line of the comment's table.
#[derive(Debug, Clone, PartialEq)]
pub struct CommentRow {
    /// The model and its variant. Empty for a run that ended before its models were known.
    pub name: String,
    /// The check run's page.
    pub url: Option<String>,
    /// How far it is.
    pub state: CheckState,
}

impl CommentRow {
    /// The verdict; `None` while its job runs.
    pub fn verdict(&self) -> Option<Verdict> {
        match &self.state {
            CheckState::Running => None,
            CheckState::WithoutResult(JobEnd::Passed) => Some(Verdict::Passed),
            CheckState::WithoutResult(JobEnd::Cancelled) => Some(Verdict::Cancelled),
            CheckState::WithoutResult(JobEnd::Crashed) => Some(Verdict::ServiceError),
            CheckState::Result(row) => Some(row.verdict),
        }
    }

    pub(crate) fn row(&self) -> Option<&Row> {
        match &self.state {
            CheckState::Result(row) => Some(row),
            CheckState::Running | CheckState::WithoutResult(_) => None,
        }
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.verdict() == Some(Verdict::Passed)
    }
}

/// The state of all models of a workflow run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunState {
    /// The models that are known, by name.
    pub rows: Vec<CommentRow>,
    /// The jobs of matrices that have not started, so that their models are not known.
    pub missing_jobs: u64,
}

impl RunState {
    /// Whether every job has finished.
    pub fn is_complete(&self) -> bool {
        self.missing_jobs == 0 && self.rows.iter().all(|row| row.verdict().is_some())
    }

    /// How many models have finished.
    pub(crate) fn finished(&self) -> usize {
        self.rows.iter().filter(|row| row.verdict().is_some()).count()
    }

    /// The most severe verdict of those that have finished.
    pub fn verdict(&self) -> Option<Verdict> {
        self.rows.iter().filter_map(CommentRow::verdict).max()
    }

    /// The state in one line, without the verdict's icon.
    pub(crate) fn counts(&self) -> String {
        let models: Vec<&CommentRow> = self.rows.iter().filter(|row| !row.name.is_empty()).collect();
        let passed = models.iter().filter(|row| row.has_passed()).count();
        let all = models.len() + usize::try_from(self.missing_jobs).unwrap_or(usize::MAX);
        if self.is_complete() || self.is_cancelled() {
            return if passed == all {
                format!("{} passed", count(all, "model"))
            } else {
                format!("{passed} of {} passed", count(all, "model"))
            };
        }
        let over = models.iter().filter(|row| row.verdict().is_some()).count();
        let mut text = format!("{over} of {} done", count(all, "model"));
        if over > passed {
            text.push_str(&format!(", {} did not pass", over - passed));
        }
        if self.missing_jobs > 0 {
            text.push_str(&format!(", {} not started", self.missing_jobs));
        }
        text
    }

    /// Whether somebody canceled the workflow: then what has not started never will.
    pub(crate) fn is_cancelled(&self) -> bool {
        let is_running = self.rows.iter().any(|row| row.verdict().is_none());
        !is_running && self.verdict() == Some(Verdict::Cancelled)
    }

    /// Whether the run ended before its models were known.
    pub(crate) fn is_failed_run(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| row.name.is_empty()) && self.missing_jobs == 0
    }
}
