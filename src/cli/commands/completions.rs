//! `completions`: a script that completes commands and flags in a shell.

use crate::cli::arguments::CompletionsArguments;
use crate::cli::context::Context;
use crate::cli::help;
use crate::domain::verdict::Verdict;

pub(super) fn run(arguments: &CompletionsArguments, context: &Context) -> Verdict {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut help::command(), "safe-push", &mut script);
    context.printer.result(String::from_utf8_lossy(&script).trim_end());
    Verdict::Passed
}
