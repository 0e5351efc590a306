//! Findings in the formats that other programs read.

use crate::cli::commands::all_rules;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::printer::Format;
use crate::report::annotations::annotation;
use crate::report::json::v1::FindingEntry;
use crate::report::sarif::sarif;

/// Prints findings as workflow commands or as SARIF, when one of the two is wanted. Says whether it was.
pub(super) fn print(findings: &[FindingEntry], context: &Context) -> Result<bool, Failure> {
    match context.printer.format {
        Format::Github => {
            for finding in findings {
                context.printer.result(&annotation(finding));
            }
        }
        Format::Sarif => context.printer.json(&sarif(findings, all_rules(), env!("CARGO_PKG_VERSION")))?,
        Format::Text | Format::Json => return Ok(false),
    }
    Ok(true)
}

/// A format for findings is asked of a command that has none.
pub(super) fn refuse(command: &str) -> Failure {
    Failure::request(format!("{command} has no findings to print as --format asks")).hint("use --format text or --format json")
}
