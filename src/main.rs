//! The `safe-push` program: hands the process over to [`safe_push::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    safe_push::cli::main()
}
