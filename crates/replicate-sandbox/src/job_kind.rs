//! The two kinds of jobs.

/// Whether a job is a prediction or a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Runs `predict()` or `run()`.
    Prediction,
    /// Runs `train()`, in a container of its own in train mode.
    Training,
}
