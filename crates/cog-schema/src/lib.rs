//! OpenAPI documents of [Cog](https://github.com/replicate/cog) models: reading, linting, validating values, and comparing two of them.
//!
//! [`read()`] turns a document of any Cog since 0.9 into [`Schemas`]: it follows references and folds `allOf`, `anyOf` and nulls into
//! one [`Shape`] per value. The rest works on shapes: [`lint()`] finds what will bother users, [`compare()`] finds what will break
//! them, [`check_inputs()`] and [`check_output()`] say whether values fit. [`RULES`] explains the code of every finding.
//!
//! Documents come from live models and are untrusted: depth, size, references and the work of a comparison are bounded, and
//! exceeding a bound is a finding. Nothing here performs I/O. Downgrading or ignoring findings is left to the caller.
//!
//! ```
//! use cog_schema::{Method, check_inputs, read};
//! use serde_json::json;
//!
//! let document = json!({"components": {"schemas": {
//!     "Input": {"type": "object", "required": ["prompt"], "properties": {
//!         "prompt": {"type": "string"},
//!         "steps": {"type": "integer", "maximum": 50},
//!     }},
//!     "Output": {"type": "string", "format": "uri"},
//! }}});
//!
//! let schemas = read(&document);
//! assert!(schemas.problems.is_empty());
//! assert!(schemas.output.unwrap().is_file());
//!
//! let inputs = json!({"prompt": "a city at night", "steps": 51});
//! let problems = check_inputs(&document, Method::Predict, inputs.as_object().unwrap());
//! assert_eq!(problems[0].to_string(), "input steps is 51, but must be <= 50");
//! ```

mod compat;
mod dereference;
mod describe;
mod dialect;
mod example;
mod json;
mod lint;
mod properties;
mod read;
mod rules;
mod shape;
mod validate;

pub use cog_findings::Method;

pub use compat::{CompatOptions, compare};
pub use dialect::Dialect;
pub use example::{example, is_placeholder};
pub use lint::lint;
pub use properties::{InputProperty, input_properties};
pub use read::{Schemas, read};
pub use rules::RULES;
pub use shape::{Annotations, Bound, Limits, Member, Members, OtherMembers, Shape, ShapeKind};
pub use validate::{InputProblem, ProblemKind, ValueProblem, check_inputs, check_output, join_output};

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
