//! Strict YAML with locations: [`read`] makes a tree, [`Reader`] takes typed values out of it.
//!
//! Deserializing straight into types would stop at the first mistake and turn an unquoted `3.10` into `3.1`. The tree keeps every scalar
//! as written and knows where it is, so that all mistakes can be reported at once, each with its line and column.
//!
//! ```
//! use cog_findings::{Rule, Severity};
//! use cog_source::yaml::{Entry, Reader, ReaderRules, read};
//!
//! const UNKNOWN: Rule = Rule {
//!     code: "SP002", name: "unknown-key", severity: Severity::Error,
//!     summary: "A key is not known.", why: "It has no effect.", example: "",
//! };
//! const TYPE: Rule = Rule {
//!     code: "SP003", name: "wrong-type", severity: Severity::Error,
//!     summary: "A value is of the wrong type.", why: "It cannot be used.", example: "",
//! };
//!
//! let root = read("model: acme/hotdog\nparalel: 4\n", "config.yaml").unwrap();
//! let mut reader = Reader::new(ReaderRules { unknown_key: &UNKNOWN, wrong_type: &TYPE });
//! let config = reader.mapping(&Entry::root(&root), &["model", "parallel"]).unwrap();
//! assert_eq!(reader.text(config.get("model").as_ref()).as_deref(), Some("acme/hotdog"));
//!
//! let (findings, _locations) = reader.finish();
//! assert_eq!(findings[0].message, "'paralel' is not a key");
//! assert_eq!(findings[0].hint.as_deref(), Some("did you mean 'parallel'?"));
//! ```

mod document;
mod entry;
mod problem;
mod reader;

pub use document::{Key, Node, Value, read};
pub use entry::{Entry, Located, Mapping};
pub use problem::Unreadable;
pub use reader::{Reader, ReaderRules};
