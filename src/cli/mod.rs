//! The command line and the action face of safe-push.

use std::process::ExitCode;

/// Runs the program with the arguments and environment of this process.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
