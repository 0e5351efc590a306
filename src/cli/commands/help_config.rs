//! `--help-config`: the files with all that they may hold.

use crate::cli::context::Context;
use crate::config::{model_example, repository_example};
use crate::domain::verdict::Verdict;

pub(super) fn run(context: &Context) -> Verdict {
    context.printer.result(model_example().trim_end());
    context.printer.result("\n---\n");
    context.printer.result(repository_example().trim_end());
    Verdict::Passed
}
