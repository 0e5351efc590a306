//! What a check run is about, as its external id carries it from job to job.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkflowRun {
    /// GitHub's id. It stays the same when jobs are run again.
    pub id: u64,
    /// The attempt, from 1.
    pub attempt: u64,
}

/// A job, and the matrix that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixJob {
    /// Tells the calls of a reusable workflow apart. Letters and digits.
    pub call: String,
    /// Tells the jobs of a call apart. Letters and digits.
    pub job: String,
    /// Its place in the matrix, from 0.
    pub index: u64,
    /// How many jobs the matrix has. 1 without a matrix.
    pub total: u64,
    /// Distinguishes it from jobs that run the same model.
    pub variant: Option<String>,
}

impl MatrixJob {
    /// A job without a matrix.
    pub fn alone() -> Self {
        Self { call: "0".to_owned(), job: "0".to_owned(), index: 0, total: 1, variant: None }
    }

    /// The name of a model in this job.
    pub fn subject(&self, model: &str) -> String {
        match &self.variant {
            Some(variant) if !model.is_empty() => format!("{model} ({variant})"),
            _ => model.to_owned(),
        }
    }
}

/// Whether a check run is about a model, in whichever variant.
pub(crate) fn is_about(subject: &str, model: &str) -> bool {
    subject.strip_prefix(model).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
}

/// What a check run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckId {
    pub(crate) run: WorkflowRun,
    pub(crate) call: String,
    pub(crate) job: String,
    pub(crate) index: u64,
    pub(crate) total: u64,
    /// The model and its variant. Empty for a run that ended before its models were known.
    pub(crate) subject: String,
}

impl CheckId {
    pub(crate) fn new(run: WorkflowRun, matrix_job: &MatrixJob, subject: &str) -> Self {
        let MatrixJob { call, job, index, total, .. } = matrix_job.clone();
        Self { run, call, job, index, total, subject: subject.to_owned() }
    }

    /// Reads an external id; `None` for those of other applications.
    pub(crate) fn read(id: &str) -> Option<Self> {
        let mut parts = id.strip_prefix("safe-push:v2:")?.splitn(5, ':');
        let mut next = || parts.next();
        let run = WorkflowRun { id: next()?.parse().ok()?, attempt: next()?.parse().ok()? };
        let (call, job) = next()?.split_once('-')?;
        let (index, total) = next()?.split_once('/')?;
        let (index, total) = (index.parse().ok()?, total.parse().ok()?);
        Some(Self { run, call: call.to_owned(), job: job.to_owned(), index, total, subject: next()?.to_owned() })
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, call, job, index, total, subject } = self;
        write!(formatter, "safe-push:v2:{}:{}:{call}-{job}:{index}/{total}:{subject}", run.id, run.attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_id_is_read_back() {
        let matrix_job =
            MatrixJob { call: "1a2b".to_owned(), job: "push".to_owned(), index: 3, total: 24, variant: Some("3.11".to_owned()) };
        for subject in [matrix_job.subject("flux:dev"), String::new()] {
            let id = CheckId::new(WorkflowRun { id: 12, attempt: 3 }, &matrix_job, &subject);
            assert_eq!(CheckId::read(&id.to_string()), Some(id));
        }
        for other in ["something else", "safe-push:v2:12:1", "safe-push:v2:12:1:g:3/4:x", "safe-push:v2:12:1:c-j:3:x"] {
            assert_eq!(CheckId::read(other), None, "{other}");
        }
    }

    #[test]
    fn a_variant_is_about_its_model_and_no_other() {
        assert!(is_about("flux", "flux") && is_about("flux (3.11)", "flux"));
        assert!(!is_about("flux-dev", "flux") && !is_about("", "flux"));
    }
}
