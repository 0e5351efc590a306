//! The job that check runs belong to.

use crate::report::github::{MatrixJob, WorkflowRun};

/// The commit, the workflow run and the job that check runs belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The commit that people see: for a pull request its head, not the merge that was checked out.
    pub sha: String,
    pub run: WorkflowRun,
    pub matrix_job: MatrixJob,
}

impl Job {
    /// Whether its rows are all there are: nobody else writes the comment.
    pub fn is_sole(&self, subjects: usize) -> bool {
        self.matrix_job.total == 1 && subjects == 1
    }
}
