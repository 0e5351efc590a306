//! Findings on their lines.

use cog_findings::text::shorten;

use crate::report::escape;
use crate::report::json::v1::{FindingEntry, Model, Severity};

/// GitHub's limit for a title, and ours for a message, in bytes. GitHub allows messages of 64 KiB.
const TITLE_BYTES: usize = 250;
const MESSAGE_BYTES: usize = 8 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnnotationLevel {
    /// A note.
    Notice,
    Warning,
    /// An error.
    Failure,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineAnnotation {
    /// The file, relative to the repository.
    pub(crate) path: String,
    /// The line, from 1.
    pub(crate) line: u32,
    /// First and last column, when known.
    pub(crate) columns: Option<(u32, u32)>,
    pub(crate) level: AnnotationLevel,
    /// One line.
    pub(crate) title: String,
    /// Plain text.
    pub(crate) message: String,
}

/// The annotations of a model's findings, most severe first. Findings without a file are left out; those without a line go on the first
/// line.
pub(crate) fn annotations(model: &Model) -> Vec<LineAnnotation> {
    model.findings.iter().filter_map(annotation).collect()
}

fn annotation(finding: &FindingEntry) -> Option<LineAnnotation> {
    let path = escape::line(finding.file.as_deref()?);
    // GitHub accepts only paths within the repository; one bad path makes it reject all annotations of the request.
    if path.is_empty() || path.starts_with('/') || path.split('/').any(|part| part == "..") {
        return None;
    }
    let line = finding.line.unwrap_or(1).max(1);
    let columns = match (finding.line, finding.column, finding.end_column) {
        (Some(_), Some(first), Some(behind)) if first >= 1 => Some((first, behind.saturating_sub(1).max(first))),
        (Some(_), Some(first), None) if first >= 1 => Some((first, first)),
        _ => None,
    };
    let mut message = escape::terminal(&finding.message).into_owned();
    for detail in &finding.details {
        message.push_str(&format!("\n{}: {}", escape::line(&detail.label), escape::terminal(&shorten(&detail.value, 1000))));
    }
    if let Some(hint) = &finding.hint {
        message.push_str(&format!("\nhint: {}", escape::terminal(hint)));
    }
    Some(LineAnnotation {
        path,
        line,
        columns,
        level: match finding.severity {
            Severity::Note => AnnotationLevel::Notice,
            Severity::Warning => AnnotationLevel::Warning,
            Severity::Error => AnnotationLevel::Failure,
        },
        title: shorten(&escape::line(&format!("{}: {}", finding.code, finding.message)), TITLE_BYTES),
        message: shorten(&message, MESSAGE_BYTES),
    })
}
