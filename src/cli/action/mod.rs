//! The action face: the same program as a step of a GitHub workflow.
//!
//! [`decide`], a pure function, decides what the event allows; [`event`] reads the payload; [`face`] reports to GitHub. Facts are in
//! `docs/reference/github-actions.md#container-actions`, `docs/reference/github-actions.md#workflow-commands` and
//! `docs/reference/github-actions.md#events`.

mod changed;
mod decide;
mod event;
mod face;
mod ownership;

pub(super) use changed::changed_files;
pub(super) use decide::{Decision, Situation, decide};
pub(super) use event::Event;
pub(super) use face::{Face, Surroundings};
