//! A Replicate-compatible API and OCI registry in this process, for demos, tests and runs without a token.
//!
//! The sandbox imports no client of ours: the two sides of the wire share no code, so they cannot share a mistake. What it answers
//! follows `contracts/replicate.md`.

pub(crate) mod containers;
#[cfg_attr(not(test), expect(dead_code, reason = "the sandbox's API is what runs an engine"))]
pub(crate) mod engine;
mod locks;
pub(crate) mod registry;
