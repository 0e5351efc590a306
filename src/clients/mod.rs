//! The services we talk to, one folder each: a trait, a real client, errors by meaning.
//!
//! [`http`] builds every HTTP client and holds what they share; [`ErrorKind`] is the one question every client's error can answer.

pub mod claude;
pub mod cog_release;
pub mod docker;
pub mod github;
pub mod http;
pub mod pagerduty;
pub mod registry;
pub mod replicate;
pub mod runner;

mod error_kind;

pub use error_kind::ErrorKind;
