//! What is in the folder of the build.

use std::path::PathBuf;

/// The CLI's executable, built with the tests.
pub fn binary() -> PathBuf {
    let path = std::env::var_os("CARGO_BIN_EXE_safe-push");
    path.expect("`cargo test`, `cargo nextest` and `cargo bench` say where the CLI is").into()
}

/// Large layers that sandboxes of the tests have from the start: those that earlier ones were sent.
pub(crate) fn kept_layers() -> PathBuf {
    binary().with_file_name("sandbox-layers")
}
