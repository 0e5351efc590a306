//! A prediction or training that is requested for a case, and how it ended.

use std::time::Duration;

use crate::domain::case::CaseId;
use crate::domain::prediction::{Inputs, Prediction};
use crate::domain::report::Attempt;
use crate::verify::mask::Mask;
use crate::verify::side::Side;
use crate::verify::slots::Priority;

/// A prediction or training to request.
#[derive(Clone, Copy)]
pub(super) struct PredictionCall<'a> {
    pub(super) case: &'a CaseId,
    pub(super) side: Side,
    pub(super) inputs: &'a Inputs,
    pub(super) mask: &'a Mask,
    pub(super) priority: Priority,
    /// The time limit of this prediction; `None` for that of all.
    pub(super) timeout: Option<Duration>,
    /// Whether the moment of its first output counts.
    pub(super) watches_output: bool,
}

/// A prediction or training with its retries.
#[derive(Debug)]
pub(super) struct PredictionRun {
    /// Every prediction that was created or rejected, oldest first. `end` is that of the last one.
    pub(super) attempts: Vec<Attempt>,
    pub(super) end: PredictionEnd,
}

/// How a prediction or training ended, after all retries.
#[derive(Debug)]
pub(super) enum PredictionEnd {
    /// It succeeded, or failed with an error of the model.
    Finished(Box<Prediction>),
    /// Replicate rejected the inputs, with this message.
    Refused(String),
    /// It reached a time limit and was canceled, with this message.
    TimedOut(String),
    /// The platform or a service failed, with this message.
    Errored(String),
    /// The verification stopped while it ran.
    Cancelled,
    /// The verification stopped before it was created.
    NotStarted,
}
