//! The services we talk to, one folder each: a trait, a real client, errors by meaning.
//!
//! [`http`] builds every HTTP client and holds what they share; [`ErrorKind`] is the one question every client's error can answer.

pub mod claude;
pub mod docker;
pub mod http;
pub mod registry;
pub mod replicate;

mod error_kind;

pub use error_kind::ErrorKind;
