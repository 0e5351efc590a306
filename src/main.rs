//! The `safe-push` executable: everything is in [`safe_push::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    safe_push::cli::main()
}
