//! Findings and errors as compilers write them.

use super::style::{Style, Tone, tone_of_severity};
use crate::domain::finding::Finding;
use crate::report::escape;
use crate::report::json::convert;
use crate::report::json::v1::FindingEntry;

/// A finding: what, where, more facts, and the way out.
pub fn finding(finding: &Finding, style: Style) -> String {
    finding_entry(&convert::finding(finding), style)
}

/// The same from a saved run.
pub fn finding_entry(finding: &FindingEntry, style: Style) -> String {
    let head = format!("{}[{}]", finding.severity.as_str(), escape::line(&finding.code));
    let mut text = format!("{}: {}", style.paint(tone_of_severity(finding.severity), &head), escape::line(&finding.message));
    if let Some(place) = place(finding) {
        text.push_str(&format!("\n  {} {place}", style.paint(Tone::Quiet, "-->")));
    }
    for detail in &finding.details {
        let lines = escape::terminal(&detail.value).trim_end().replace('\n', "\n      ");
        // Source and logs keep their lines, facts stay beside their label.
        let separator = if lines.contains('\n') { "\n      " } else { " " };
        text.push_str(&format!("\n  {}{separator}{lines}", style.paint(Tone::Quiet, &format!("{}:", escape::line(&detail.label)))));
    }
    if let Some(hint) = &finding.hint {
        text.push_str(&format!("\n  {} {}", style.paint(Tone::Strong, "hint:"), escape::line(hint)));
    }
    text
}

fn place(finding: &FindingEntry) -> Option<String> {
    let file = escape::line(finding.file.as_deref()?);
    Some(match (finding.line, finding.column) {
        (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
        (Some(line), None) => format!("{file}:{line}"),
        (None, _) => file,
    })
}

/// An error that ended a run or a command.
pub fn error(message: &str, hint: Option<&str>, style: Style) -> String {
    let text = format!("{} {}", style.paint(Tone::Bad, "error:"), escape::terminal(message));
    match hint {
        Some(hint) => format!("{text}\n  {} {}", style.paint(Tone::Strong, "hint:"), escape::terminal(hint)),
        None => text,
    }
}
