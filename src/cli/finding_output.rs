//! Findings in the formats that other programs read.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::printer::Format;
use crate::cli::printer::Printer;
use crate::cli::rules;
use crate::clients::runner::{self, LogAnnotation};
use crate::domain::annotation_level::AnnotationLevel;
use crate::report::failures::failures;
use crate::report::json::v1::{FindingEntry, Run, Severity};
use crate::report::sarif::{sarif, sarif_of_run};

/// Prints findings as workflow commands or as SARIF, if one of the two is wanted. Returns whether it was.
pub(super) fn print(findings: &[FindingEntry], context: &Context) -> anyhow::Result<bool> {
    match context.printer.format {
        Format::Github => {
            for finding in findings {
                context.printer.command(&as_command(finding));
            }
        }
        Format::Sarif => context.printer.foreign_json(&sarif(findings, rules::all(), env!("CARGO_PKG_VERSION")))?,
        Format::Text | Format::Json => return Ok(false),
    }
    Ok(true)
}

/// Prints everything that went wrong in a run as workflow commands or as SARIF, if one of the two is wanted.
pub(super) fn print_run(run: &Run, printer: &Printer) -> anyhow::Result<()> {
    match printer.format {
        Format::Github => failures(run).iter().for_each(|finding| printer.command(&as_command(finding))),
        Format::Sarif => printer.foreign_json(&sarif_of_run(run, rules::all()))?,
        Format::Text | Format::Json => {}
    }
    Ok(())
}

/// Rejects a format for findings, for a command that has no findings.
pub(super) fn refuse(command: &str) -> Failure {
    Failure::request(format!("{command} has no findings to print as --format asks")).hint("use --format text or --format json")
}

/// A finding as a workflow command, which GitHub shows on the line of a pull request.
fn as_command(finding: &FindingEntry) -> String {
    let mut message = finding.message.clone();
    message.extend(finding.hint.iter().map(|hint| format!("\nhint: {hint}")));
    runner::annotation(&LogAnnotation {
        level: match finding.severity {
            Severity::Error => AnnotationLevel::Failure,
            Severity::Warning => AnnotationLevel::Warning,
            Severity::Note => AnnotationLevel::Notice,
        },
        file: finding.file.clone(),
        line: finding.line,
        column: finding.column,
        end_column: finding.end_column,
        title: finding.code.clone(),
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json;
    use crate::report::sample::SAMPLE_RULE;
    use cog_findings::{Finding, Location};

    fn shown(finding: &Finding) -> String {
        as_command(&json::finding(finding))
    }

    #[test]
    fn a_finding_names_its_place_and_the_fix() {
        let finding = Finding::new(&SAMPLE_RULE, "input text is gone").at(Location::at("predict.py", 3, 9)).hint("put it back");
        assert_eq!(shown(&finding), "::error file=predict.py,line=3,col=9,title=SP101::input text is gone%0Ahint: put it back");
        assert_eq!(shown(&Finding::new(&SAMPLE_RULE, "x")), "::error title=SP101::x");
    }

    #[test]
    fn nothing_in_a_finding_becomes_a_command() {
        let finding = Finding::new(&SAMPLE_RULE, "100%\r\n::set-env name=A::b").at(Location::file("a,b:c\n.py"));
        let text = shown(&finding);
        assert_eq!(text, "::error file=a%2Cb%3Ac%0A.py,title=SP101::100%25%0A::set-env name=A::b");
        assert_eq!(text.lines().count(), 1);
    }
}
