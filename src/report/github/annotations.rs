//! Findings on their lines. Each finding is annotated once per workflow run, however many models share it.

use std::collections::{BTreeMap, BTreeSet};

use cog_findings::text::shorten;
use sha2::{Digest, Sha256};

use crate::domain::annotation_level::AnnotationLevel;
use crate::report::escape;
use crate::report::failures::failures_of;
use crate::report::github::places::AnnotationPlaces;
use crate::report::json::v1::{FindingEntry, Model, Severity};

/// GitHub's limit for a title, and ours for a message, in bytes. GitHub allows messages of 64 KiB.
const TITLE_BYTES: usize = 250;
const MESSAGE_BYTES: usize = 8 * 1024;

/// Annotations of one check run. GitHub takes 50 in a request, and nobody reads more than this.
const ANNOTATIONS: usize = 200;

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

/// The findings of a run that are still to be annotated.
pub(crate) struct Annotations<'a> {
    places: &'a AnnotationPlaces,
    /// Marks of findings that are annotated already.
    annotated: BTreeSet<String>,
    /// The models that share a finding, by its mark.
    sharing: BTreeMap<String, Vec<String>>,
}

impl<'a> Annotations<'a> {
    /// `annotated` are the marks of findings that other jobs have annotated.
    pub(crate) fn new(models: &[Model], places: &'a AnnotationPlaces, annotated: BTreeSet<String>) -> Self {
        let mut sharing: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for model in models {
            for finding in failures_of(model) {
                let names = sharing.entry(mark(&finding)).or_default();
                if !names.contains(&model.name) {
                    names.push(model.name.clone());
                }
            }
        }
        Self { places, annotated, sharing }
    }

    /// The annotations of findings, most severe first, and the marks of these. Findings without a file are left out; those without a line
    /// go on the first line. Notes are only for lines of the diff. Of very many, the first are taken.
    pub(crate) fn take(&mut self, findings: &[FindingEntry]) -> (Vec<LineAnnotation>, Vec<String>) {
        let mut taken = (Vec::new(), Vec::new());
        for finding in findings {
            if taken.0.len() == ANNOTATIONS {
                break;
            }
            let mark = mark(finding);
            if self.annotated.contains(&mark) {
                continue;
            }
            if let Some(annotation) = self.annotation(finding, &mark) {
                self.annotated.insert(mark.clone());
                taken.0.push(annotation);
                taken.1.push(mark);
            }
        }
        taken
    }

    fn annotation(&self, finding: &FindingEntry, mark: &str) -> Option<LineAnnotation> {
        let path = escape::line(finding.file.as_deref()?);
        // GitHub accepts only paths within the repository; one bad path makes it reject all annotations of the request.
        if path.is_empty() || path.starts_with('/') || path.split('/').any(|part| part == "..") {
            return None;
        }
        let line = match finding.line {
            Some(line) => self.places.at_head(&path, line.max(1))?,
            None => 1,
        };
        if finding.severity == Severity::Note && !(finding.line.is_some() && self.places.is_in_diff(&path, line)) {
            return None;
        }
        let columns = match (finding.line, finding.column, finding.end_column) {
            (Some(_), Some(first), Some(behind)) if first >= 1 => Some((first, behind.saturating_sub(1).max(first))),
            (Some(_), Some(first), None) if first >= 1 => Some((first, first)),
            _ => None,
        };
        let mut message = escape::printable(&finding.message).into_owned();
        for detail in &finding.details {
            message.push_str(&format!("\n{}: {}", escape::line(&detail.label), escape::printable(&shorten(&detail.value, 1000))));
        }
        if let Some(hint) = &finding.hint {
            message.push_str(&format!("\nhint: {}", escape::printable(hint)));
        }
        if let Some(names) = self.sharing.get(mark).filter(|names| names.len() > 1) {
            message.push_str(&format!("\nmodels: {}", escape::line(&shorten(&names.join(", "), 1000))));
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
}

/// The mark of a finding. Two findings with one mark say the same about the same line.
fn mark(finding: &FindingEntry) -> String {
    let mut hash = Sha256::new();
    let line = finding.line.map(|line| line.to_string()).unwrap_or_default();
    for part in [finding.code.as_str(), finding.file.as_deref().unwrap_or_default(), &line, &finding.message] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
