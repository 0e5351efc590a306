//! Python source to predictor signature to OpenAPI document, as Cog 0.19 and later do it, without running anything.
//!
//! [`describe()`] reads the files that `cog.yaml` names with Ruff's parser, follows names into other files of the project, and
//! writes the document that Cog's own generator would write. Where that generator silently loses what the source plainly says
//! (imported constants, joined texts, escapes, base classes of models, packages), the source counts and a warning tells the
//! difference; [`Options::peer_exact`] turns this off. What cannot be read is an error at its place, never a guess.
//!
//! Sources come from anyone: size, nesting, the number of files and of members, and the work for a constant are bounded, and paths
//! stay inside the project. Judging the document (lint, compatibility) is left to `schema`.

mod annotation;
mod constant;
mod describe;
mod document;
mod error;
mod evaluate;
mod input_call;
mod input_type;
mod method;
mod models;
mod module;
mod options;
mod output_type;
mod project;
mod reader;
pub mod rules;
mod signature;
mod source;
mod target;
mod text;

pub use describe::{Description, describe};
pub use error::SignatureError;
pub use options::{Mode, Options, Target};
pub use rules::RULES;
pub use signature::{Input, InputInfo, InputKind, InputType, Member, OutputType, Primitive, Signature};
pub use source::{FolderTree, LARGEST_FILE_BYTES, SourceTree};
