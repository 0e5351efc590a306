//! safe-push as a step of a GitHub workflow.
//!
//! - [`decide`]: what the event allows, a pure function. Not only for the action: see `cli::decision`
//! - [`provenance`]: whose code is checked out
//! - [`event`]: reads the event's payload
//! - [`job`]: its place in a matrix, and its page
//! - [`places`]: the lines that annotations may go on
//! - [`step`]: the runner's variables, files and log
//! - [`run`]: one run, as GitHub shows it
//! - [`last_job`]: what the last job of a matrix does for the others
//!
//! Facts are in `docs/reference/github-actions.md`.

mod decide;
mod event;
mod job;
mod last_job;
mod ownership;
mod places;
mod provenance;
mod run;
mod step;

pub(super) use decide::{Decision, Situation, decide, is_foreign_publication, refusal, restriction};
pub(super) use event::WorkflowEvent;
pub(super) use provenance::{CodeTrust, checked_out, head_commit};
pub(super) use run::{ActionRun, CommentWish};
pub(super) use step::ActionStep;
