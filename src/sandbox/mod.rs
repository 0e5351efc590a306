//! A Replicate-compatible API and OCI registry in this process, for demos, tests and runs without a token.
//!
//! The sandbox imports no client of ours: the two sides of the wire share no code, so they cannot share a mistake. What it answers
//! follows `contracts/replicate.md`.

pub(crate) mod containers;
pub(crate) mod engine;
mod locks;
pub(crate) mod registry;
