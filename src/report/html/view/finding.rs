//! Findings, and the schema changes among them.

use super::cut::Cut;
use crate::report::json::v1;
use crate::report::rule_page::rule_page;

pub(crate) struct Finding {
    pub(crate) anchor: String,
    pub(crate) class: &'static str,
    pub(crate) code: String,
    pub(crate) page: Option<String>,
    pub(crate) message: String,
    pub(crate) location: Option<String>,
    pub(crate) excerpt: Option<Excerpt>,
    pub(crate) details: Vec<Detail>,
    pub(crate) hint: Option<String>,
}

/// The line at fault, in three parts.
pub(crate) struct Excerpt {
    pub(crate) number: String,
    pub(crate) before: String,
    pub(crate) marked: String,
    pub(crate) after: String,
}

pub(crate) struct Detail {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) multiline: bool,
}

/// A change between the live version's schema and the new one.
pub(crate) struct SchemaChange {
    pub(crate) class: &'static str,
    pub(crate) code: String,
    pub(crate) part: String,
    pub(crate) old: String,
    pub(crate) new: String,
    pub(crate) breaks: String,
}

impl Finding {
    pub(super) fn of(finding: &v1::FindingEntry, anchor: String, cut: Cut) -> Self {
        let location = finding.file.as_ref().map(|file| match (finding.line, finding.column) {
            (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            (Some(line), None) => format!("{file}:{line}"),
            (None, _) => file.clone(),
        });
        // The table of changes shows these.
        let in_table = finding.schema_change.as_ref().map_or(0, |change| change.details().len());
        let details = finding.details.iter().skip(in_table);
        Self {
            anchor,
            class: finding.severity.as_str(),
            code: cut.line(&finding.code),
            page: rule_page(&finding.code),
            message: cut.text(&finding.message),
            location: location.as_deref().map(|location| cut.line(location)),
            excerpt: Excerpt::of(finding, cut),
            details: details
                .map(|detail| Detail {
                    label: cut.line(&detail.label),
                    value: cut.text(&detail.value),
                    multiline: detail.value.trim_end().contains('\n'),
                })
                .collect(),
            hint: finding.hint.as_deref().map(|hint| cut.text(hint)),
        }
    }
}

impl SchemaChange {
    pub(super) fn of(finding: &v1::FindingEntry, cut: Cut) -> Option<Self> {
        let change = finding.schema_change.as_ref()?;
        Some(Self {
            class: finding.severity.as_str(),
            code: cut.line(&finding.code),
            part: cut.text(&change.part),
            old: cut.text(&change.old),
            new: cut.text(&change.new),
            breaks: change.breaks.as_deref().map_or_else(|| "nobody".to_owned(), |breaks| cut.text(breaks)),
        })
    }
}

impl Excerpt {
    /// Columns count characters from 1. Columns outside the line mark nothing. A single line loses its indentation.
    fn of(finding: &v1::FindingEntry, cut: Cut) -> Option<Self> {
        let whole = finding.excerpt.as_deref()?;
        let line = whole.trim_start();
        let indentation = u32::try_from(whole.chars().count() - line.chars().count()).ok()?;
        let at = |column: u32| {
            let skipped = usize::try_from(column.saturating_sub(indentation)).ok()?.checked_sub(1)?;
            line.char_indices().map(|(at, _)| at).chain([line.len()]).nth(skipped)
        };
        let start = finding.column.and_then(at).unwrap_or(line.len());
        let end = finding.end_column.and_then(at).filter(|end| *end >= start).unwrap_or(line.len());
        let number = finding.line.map(|number| number.to_string()).unwrap_or_default();
        let part = |text: &str| cut.text(text);
        Some(Self { number, before: part(&line[..start]), marked: part(&line[start..end]), after: part(&line[end..]) })
    }
}
