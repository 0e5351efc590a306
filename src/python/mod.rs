//! Python source to a predictor's signature to its OpenAPI document, without running anything.
//!
//! As Cog does it since 0.19 (`contracts/cog.md` section 4): the target's own file and the project files it imports are parsed with Ruff's
//! parser; annotations and `Input(...)` are read; what cannot be told from the source is an error with its place, never a guess. Where
//! the official generator loses something that the source says plainly, the value is kept and a warning says so;
//! [`Options::peer_exact`] gives the official result. What a schema means for users is left to `schema`.

mod annotation;
mod describe;
mod document;
mod error;
mod input;
mod input_type;
mod lines;
mod method;
mod model;
mod module;
mod names;
mod output;
pub mod rules;
mod signature;
mod source;
mod value;
mod world;

pub use describe::{Description, Options, Target, describe};
pub use error::{ErrorKind, SignatureError};
pub use signature::{Constraints, Field, InputField, InputType, Mode, OutputType, Primitive, Signature};
pub use source::{FolderTree, SourceTree};
