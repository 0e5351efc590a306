//! Clients of services, one folder each: a trait, a real client, errors by meaning.
//!
//! [`http`] builds every HTTP client. Every client's error has an [`ErrorKind`].

pub mod claude;
pub mod cog_release;
pub mod cog_server;
pub mod docker;
pub mod github;
pub mod http;
pub mod pagerduty;
pub mod registry;
pub mod replicate;
pub mod runner;
pub mod webhook;

mod error_kind;

pub use error_kind::ErrorKind;
