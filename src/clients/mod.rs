//! The services we talk to, one folder each: a trait, a real client, errors by meaning.

pub mod docker;
