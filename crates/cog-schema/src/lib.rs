//! OpenAPI documents of Cog models: reading, linting, and compatibility of an old and a new one.
//!
//! [`read()`] turns a document of any Cog since 0.9 into [`Schemas`]: references followed, `allOf`, `anyOf` and nulls folded into one
//! [`Shape`] per value. Everything else stands on shapes: [`lint`](lint::lint) finds what will bother users,
//! [`compare`](compat::compare) finds what breaks them, [`validate`] says whether a value fits, [`summary`] shows a schema or a
//! change in few lines.
//!
//! Documents come from live models and are treated as untrusted: depth, size, references and the work of a comparison are
//! bounded, and what exceeds a bound is a finding. Nothing here performs I/O; downgrading or ignoring findings is left to the stages.

pub mod compat;
mod dereference;
mod describe;
mod dialect;
mod json;
pub mod lint;
mod read;
pub mod rules;
mod shape;
pub mod summary;
pub mod validate;

pub use dialect::Dialect;
pub use read::{Schemas, read};
pub use shape::{Annotations, Bound, Kind, Limits, Member, Members, Method, Rest, Shape};
