//! The text of a Dockerfile, block by block: `docs/reference/cog.md#instructions` and `docs/reference/cog.md#old-builds`.
//!
//! [`recipe`](crate::recipe) decides what the blocks say and their order. This module writes them, with every value quoted and every
//! instruction tied to the line it comes from. The text is for the BuildKit inside Docker 20.10 and later: no `syntax` line (it makes the
//! daemon ask Docker Hub), no `COPY --link`, no named contexts, unless the daemon is known to be newer.
//!
//! Five deliberate differences to the official text, all invisible to a model:
//!
//! - **tini** comes from Debian rather than from a GitHub release, and only if the image has none: many runners cannot reach GitHub's
//!   file servers, and a package is signed.
//! - **pip** installs everything. The official text copies uv from `ghcr.io` and then runs pip through it; `python:X-slim` has pip already, and
//!   pip does the resolving either way. uv is installed only where it is needed: to put a Python into nvidia's images, or because a
//!   command of `build.run` calls it.
//! - **`CFLAGS`** are set for the one command that needs them, and without `-S`, which makes gcc write assembly where an object is expected, so
//!   that no package with C sources could be built.
//! - **Generated files** live under `.cog/build/` of the context and are bind-mounted where they are used. They reach no layer.
//! - **The project** is copied by tar rather than by `COPY`, which would take the generated files along and give folders the time of the build.

pub mod certificate;

pub(crate) mod custom;
pub(crate) mod packages;
pub(crate) mod project;
mod quote;
pub(crate) mod system;
mod writer;

pub(crate) use writer::Writer;

/// The folder of generated files within the build context.
pub const BUILD_FOLDER: &str = ".cog/build";

/// A cache for apt that concurrent builds take turns with.
const APT_CACHE: &str = "--mount=type=cache,target=/var/cache/apt,sharing=locked";

/// A cache for pip that builds of different models share.
const PIP_CACHE: &str = "--mount=type=cache,target=/root/.cache/pip";

/// Makes one generated file readable for one command.
fn bind_mount(file: &str, target: &str) -> String {
    format!("--mount=type=bind,source={BUILD_FOLDER}/{file},target={target}")
}
