//! Proof that no secret is where other people could find it: in the files of a build, or in an image.
//!
//! [`advice`](super::advice) only warns about likely places. This module is for an image that must not contain a secret, such as that of an
//! official model, which other people run. A secret is found in the forms of [`support::secrets`](crate::support::secrets), in names as
//! well as in contents, and within packed files. `docs/security-proof.md` lists what is searched and what is not.
//!
//! - [`secrets_in_context`]: each file that would be sent is read to its end, whatever its size
//! - [`secrets_in_image`]: each file of each layer, and the image's configuration and history
//! - [`written_secrets`]: the secrets that a script has just written, which are looked for when they are deleted again

mod context;
mod gaps;
mod image;
mod search;
mod unpack;
mod written;

use crate::support::SecretString;

pub use context::secrets_in_context;
pub use image::secrets_in_image;
pub use search::unprovable;
pub use written::{WrittenSecrets, written_secrets};

/// A secret, and the name that people know it by.
pub type NamedSecret = (String, SecretString);
