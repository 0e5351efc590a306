//! Python source to predictor signature to OpenAPI document, as Cog 0.19 and later do it, without running anything.
//!
//! [`describe()`] parses the files that `cog.yaml` names with Ruff's parser, follows names into other files of the project, and writes
//! the document that Cog's own generator would write. Where that generator silently loses what the source plainly says (imported
//! constants, joined strings, escapes, base classes of models, packages), the source counts and a warning names the difference.
//! [`describe_like_cog`] returns the generator's own document. What cannot be read is an error with its location, never a guess.
//!
//! The two readings are two implementations of one trait, `reader::Semantics`: `plain` and `cog_cli`. Nothing else differs between them.
//!
//! Sources are untrusted: size, nesting, the number of files and of members, and the work for a constant are bounded, and paths stay
//! inside the project. Judging the document (lint, compatibility) is left to `cog-schema`.

mod annotation;
mod annotation_reader;
mod calls;
mod class;
mod cog_cli;
mod comprehension;
mod constant;
mod describe;
mod differences;
mod document;
mod enumeration;
mod error;
mod evaluate;
mod input_call;
mod input_type;
mod known_type;
mod legacy;
mod legacy_document;
mod method;
mod models;
mod module;
mod new_syntax;
mod options;
mod output_type;
mod plain;
mod project;
mod reader;
pub mod rules;
mod signature;
mod source;
mod syntax;
mod target;
mod text;

pub use crate::target::Target;
pub use describe::{Describe, Description, describe, describe_like_cog};
pub use error::SignatureError;
pub use legacy::{Foreseen, foresee};
pub use legacy_document::Pydantic;
pub use new_syntax::newer_syntax;
pub use options::Options;
pub use rules::RULES;
pub use signature::{Input, InputInfo, InputKind, InputType, Member, MemberDefault, OutputType, Primitive, Signature};
pub use source::{FolderTree, MAX_FILE_BYTES, SourceTree};
