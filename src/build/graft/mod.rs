//! Grafts: a version that was built before gets other project and schema layers, in process. No daemon takes part, and what was installed
//! below stays in the registry.
//!
//! A full build labels its image with [`Ingredients`], the two layers and the time, under a seal. A later run that finds such a version of
//! its own models, with equal ingredients and young enough, makes the two layers and a configuration. Every "no" is a [`NoGraft`], whose
//! text ends the sentence "built: ...", and a normal build follows.
//!
//! `pipeline` decides which versions to try and what to do with a graft; `publish` puts it into a registry.

mod base;
mod candidate;
mod config;
mod ingredients;
mod kept;
mod label;
mod layer;
mod reason;
mod run;
mod terms;

pub use base::base_identity;
pub use ingredients::Ingredients;
pub use kept::RECIPE_LABEL;
pub use label::recipe_label;
pub use reason::NoGraft;
pub use run::{Graft, graft};
pub use terms::{GraftScope, GraftTerms};
