//! The text of a Dockerfile, block by block: `docs/reference/cog.md#instructions` and `docs/reference/cog.md#old-builds`.
//!
//! [`recipe`](crate::recipe) decides what the blocks say and their order. This module writes them, with every value quoted and every
//! instruction tied to the line it comes from. The text is for the BuildKit inside Docker 20.10 and later: no `syntax` line (it makes the
//! daemon ask Docker Hub), no `COPY --link`, no named contexts, unless the daemon is known to be newer.
//!
//! Five deliberate differences from the text of the Cog CLI, all invisible to a model:
//!
//! - **tini** comes from Debian rather than from a GitHub release, and only if the image has none: many runners cannot reach GitHub's
//!   file servers, and a package is signed.
//! - **pip** installs everything. The Cog CLI copies uv from `ghcr.io` and runs pip through it, but `python:X-slim` already has pip, and
//!   pip resolves the requirements either way. uv is installed only where it is needed: to install Python in nvidia's images, or
//!   because a command of `build.run` calls it.
//! - **`CFLAGS`** are set only for the command that needs them, and without `-S`. With `-S`, gcc writes assembly instead of objects, and no
//!   package with C sources builds.
//! - **Generated files** are in `.cog/build/` of the context and are bind-mounted where they are used. They are in no layer.
//! - **The project** is copied by tar. `COPY` would include the generated files and give folders the time of the build.

pub mod certificate;

mod context_file;
pub(crate) mod custom;
pub(crate) mod packages;
pub(crate) mod project;
mod quote;
mod step;
pub(crate) mod system;
mod writer;

pub use context_file::{RecipeFile, SecretMark};
pub use step::RecipeStep;
pub(crate) use writer::Writer;

/// The folder of generated files within the build context.
pub(crate) const BUILD_FOLDER: &str = ".cog/build";

/// A cache for apt, locked against concurrent builds.
const APT_CACHE: &str = "--mount=type=cache,target=/var/cache/apt,sharing=locked";

/// A cache for pip that builds of different models share.
const PIP_CACHE: &str = "--mount=type=cache,target=/root/.cache/pip";

/// Mounts one generated file for one command.
fn bind_mount(file: &str, target: &str) -> String {
    format!("--mount=type=bind,source={BUILD_FOLDER}/{file},target={target}")
}
