//! The action face: the same program as a step of a GitHub workflow.
//!
//! What the event asks for is decided in [`decide`], a pure function; [`event`] reads the payload, [`face`] tells GitHub. Facts are in
//! `contracts/github.md` sections 1, 2 and 5.

mod changed;
mod decide;
mod event;
mod face;
mod ownership;

pub(super) use changed::changed_files;
pub(super) use decide::{Decision, Situation, decide};
pub(super) use event::Event;
pub(super) use face::{Face, Surroundings};
