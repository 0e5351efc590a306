//! Findings: what the checks of a Cog project report.
//!
//! A [`Finding`] carries the stable code of a [`Rule`], a [`Severity`], a one-line message, and where known a [`Location`] and a fix.
//! A finding about a changed schema carries the [`SchemaChange`]. A [`SourceMap`] locates the inputs and output of a model in its
//! Python source, and [`text`] holds helpers for messages. Printing findings and deciding what follows from them is left to the caller.
//!
//! ```
//! use cog_findings::{Finding, Location, Rule, Severity};
//!
//! const INPUT_REMOVED: Rule = Rule {
//!     code: "SP101",
//!     name: "input-removed",
//!     severity: Severity::Error,
//!     summary: "An input was removed.",
//!     why: "Everyone who sends it: Replicate rejects undeclared inputs.",
//!     example: "`prompt` became `text`.",
//! };
//!
//! let finding = Finding::new(&INPUT_REMOVED, "input 'prompt' was removed")
//!     .at(Location::at("predict.py", 12, 9))
//!     .hint("keep 'prompt' alongside 'text'");
//! assert!(finding.is_error());
//! assert_eq!(finding.location.unwrap().to_string(), "predict.py:12:9");
//! ```

mod code;
mod finding;
mod location;
mod method;
mod rule;
mod schema_change;
mod schema_part;
mod severity;
mod source_map;
pub mod text;

pub use code::RuleCode;
pub use finding::Finding;
pub use location::Location;
pub use method::Method;
pub use rule::Rule;
pub use schema_change::{ChangeKind, SchemaChange};
pub use schema_part::SchemaPart;
pub use severity::Severity;
pub use source_map::SourceMap;

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
